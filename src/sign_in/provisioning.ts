import { chooseId } from '../core/chosen_id.ts'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { randomId } from '../core/ids.ts'
import type { SignInMethod } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import type { SignInState } from './desk/sign_in_state.ts'
import type { Claims, IdentityProof } from './method.ts'
import { claimedOrganizations } from './organizations.ts'
import { addressOf, putAddress } from './provisioning_address.ts'

/** What becomes of a proof in the store: the account, its identity, its groups and memberships. Nothing before the end of the steps. */

export interface Provisioned {
  readonly store: Store
  readonly method: SignInMethod
  readonly now: Date
}

const MAX_NAME = 200

/** In the transaction of the session: the account that the sign-in comes to, made or brought up to date. Throws `conflict` in a race. */
export async function provision(at: Provisioned, state: SignInState): Promise<string> {
  if (state.proof.kind === 'account') return state.proof.account
  const account = state.account === null ? await create(at, state.proof) : await update(at, state.account, state.proof)
  await putIdentity(at, account, state.proof, state.link || state.account === null)
  await setMemberships(at, account, state)
  return account
}

/** The account as it will be, for whoever decides before it is. Not stored yet: it has no id. */
export async function accountToBe(
  store: Store,
  { account, proof }: SignInState,
  method: SignInMethod,
): Promise<Pick<Account, 'id' | 'groups'>> {
  const known = account === null ? undefined : await store.accounts.get(account)
  const groups = known?.groups ?? (await existing(store, method.groups))
  return {
    id: known?.id ?? '',
    groups: proof.kind === 'identity' ? await groupsAfter(store, groups, proof.claims) : groups,
  }
}

/** Groups and memberships that the issuer no longer names. Adds nothing. */
export async function takeAway(
  { store, now }: { readonly store: Store; readonly now: () => number },
  account: string,
  state: SignInState,
): Promise<void> {
  const { proof, method } = state
  if (proof.kind !== 'identity') return
  const claimed = await claimedOrganizations(store, state)
  const memberships = (await store.organizations.membershipsOf(account)).filter(({ source }) => source === method)
  const kept = memberships.filter(({ organization }) => claimed?.some(({ id }) => id === organization) ?? true)
  const before = await store.accounts.get(account)
  const lost = new Set(before?.groups.filter((group) => isTaken(group, proof.claims)))
  if (kept.length === memberships.length && lost.size === 0) return
  await store.transaction(async (bound) => {
    const at = new Date(now())
    const ids = kept.map(({ organization }) => organization)
    if (kept.length < memberships.length)
      await bound.organizations.setMemberships(account, method, ids, at.toISOString())
    const current = await bound.accounts.get(account)
    if (current === undefined) return
    await setGroups(bound, current, current.groups.filter((group) => !lost.has(group)).sort(), at)
  })
}

async function create({ store, method, now }: Provisioned, { issuer, claims }: IdentityProof): Promise<string> {
  const name = nameOf(claims, method)
  const id = await chooseId(undefined, name, async (wanted) => (await store.accounts.get(wanted)) !== undefined)
  const address = await addressOf(store, id, claims)
  const at = now.toISOString()
  await store.accounts.insert({
    id,
    kind: 'person',
    name,
    description: '',
    // What applications take for his: only what the issuer has checked, and nobody else has.
    email: address?.isHis ? address.written : null,
    groups: await groupsAfter(store, await existing(store, method.groups), claims),
    grants: [],
    certificate_subjects: [],
    has_password: false,
    disabled_at: null,
    created_at: at,
    updated_at: at,
  })
  if (address !== undefined) await putAddress(store, id, address, at)
  const taken = address?.isOthers ? { address_taken: true } : {}
  await store.events.insert(
    newEvent('account.created', `account:${id}`, { name, method: method.id, issuer, ...taken }, now),
  )
  return id
}

async function update({ store, now }: Provisioned, id: string, { claims }: IdentityProof): Promise<string> {
  const account = await store.accounts.get(id)
  if (account === undefined) throw new OctroiError('conflict', 'The account was deleted meanwhile.')
  await setGroups(store, account, await groupsAfter(store, account.groups, claims), now)
  const address = await addressOf(store, id, claims)
  if (!address?.isHis) return id
  await putAddress(store, id, address, now.toISOString())
  if (account.email === null) await setEmail(store, id, address.written, now)
  return id
}

/** Somebody who was made before he came, by an invitation or an administrator, has no address until then. */
async function setEmail(store: Store, id: string, email: string, now: Date): Promise<void> {
  const account = await store.accounts.get(id)
  if (account === undefined) return
  await store.accounts.update({ ...account, email, updated_at: now.toISOString() })
  await store.events.insert(newEvent('account.updated', `account:${id}`, { fields: ['email'] }, now))
}

async function putIdentity(
  { store, method, now }: Provisioned,
  account: string,
  proof: IdentityProof,
  isNew: boolean,
): Promise<void> {
  const { issuer, subject, claims } = proof
  const at = now.toISOString()
  const label = bounded(claims.email ?? claims.name ?? subject)
  const known = await store.identities.find(issuer, subject)
  // Between the first step and now somebody else may have come by it: never moved from one account to another.
  if (known !== undefined && known.account !== account)
    throw new OctroiError('conflict', 'The identity was linked with another account meanwhile.')
  if (known !== undefined) return store.identities.used(known.id, label, at)
  // It was his when the sign-in began, and has been taken away since.
  if (!isNew) throw new OctroiError('conflict', 'The identity was taken away meanwhile.')
  const id = randomId(16)
  await store.identities.insert({
    id,
    account,
    issuer,
    subject,
    method: method.id,
    label,
    created_at: at,
    last_used_at: at,
  })
  await store.events.insert(
    newEvent('account.linked', `account:${account}`, { identity: id, issuer, method: method.id }, now),
  )
}

async function setMemberships({ store, method, now }: Provisioned, account: string, state: SignInState): Promise<void> {
  if (method.organizations === 'ignore') return
  const claimed = await claimedOrganizations(store, state)
  if (claimed === null) return
  const ids = claimed.map(({ id }) => id)
  await store.organizations.setMemberships(account, method.id, ids, now.toISOString())
}

async function setGroups(store: Store, account: Account, groups: readonly string[], now: Date): Promise<void> {
  if (groups.join(' ') === account.groups.toSorted().join(' ')) return
  await store.accounts.update({ ...account, groups, updated_at: now.toISOString() })
  await store.events.insert(newEvent('account.updated', `account:${account.id}`, { fields: ['groups'] }, now))
}

/** What the mapping covers is as the issuer says; the rest as it was. */
async function groupsAfter(store: Store, before: readonly string[], { groups }: Claims): Promise<readonly string[]> {
  if (groups === null) return before.toSorted()
  const named = await existing(store, groups.named)
  return [...new Set([...before.filter((group) => !groups.range.includes(group)), ...named])].sort()
}

function isTaken(group: string, { groups }: Claims): boolean {
  return groups?.range.includes(group) === true && !groups.named.includes(group)
}

/** A group that was deleted since the method was set up is nobody's. */
async function existing(store: Store, ids: readonly string[]): Promise<readonly string[]> {
  const found = ids.length === 0 ? new Set() : await store.groups.existing(ids)
  return ids.filter((id) => found.has(id))
}

function nameOf({ name, email }: Claims, method: SignInMethod): string {
  return bounded(name ?? '') || bounded(email?.split('@')[0] ?? '') || bounded(method.name)
}

/** What an issuer says is shown and listed: no control characters, no more than a name has. */
function bounded(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, MAX_NAME)
    .toWellFormed()
}
