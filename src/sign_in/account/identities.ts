import { randomId } from '../../core/ids.ts'
import type { Store } from '../../core/stores.ts'
import { flowTo } from '../flow.ts'
import type { IdentityProof } from '../method.ts'
import { changeOwn } from './changing.ts'
import { isConflict } from './emails.ts'
import { type AccountParts, AccountRefused, NotOwn, type Own } from './own.ts'
import { offeredMethods, requireWayIn } from './ways_in.ts'

/** Where somebody comes back to who has linked an identity at a provider. */
const LINKED = '/account/identities?done=identity_linked'

export async function listIdentities({ store, methods }: AccountParts, { account }: Own) {
  const known = new Map((await methods.all()).map(({ method }) => [method.id, method.name]))
  return (await store.identities.of(account.id)).map((identity) => ({
    id: identity.id,
    method: known.get(identity.method) ?? null,
    label: identity.label,
    createdAt: identity.created_at,
    lastUsedAt: identity.last_used_at,
  }))
}

/** Methods by which another identity can be proved. */
export async function waysToLink({ methods }: AccountParts) {
  const all = await methods.all()
  return all
    .filter(
      ({ method, open }) => method.enabled && open !== undefined && (method.kind === 'oidc' || method.kind === 'ldap'),
    )
    .map(({ method }) => ({ method: method.id, name: method.name, form: method.kind === 'ldap' }))
}

/** Where the browser goes to prove an identity that is to be linked, below the public URL; bound to this account and session. */
export async function beginLink(parts: AccountParts, own: Own, id: string): Promise<string> {
  const method = (await waysToLink(parts)).find((way) => way.method === id && !way.form)
  if (method === undefined) throw new AccountRefused('gone', { at: id })
  const purpose = { kind: 'link', account: own.account.id, session: own.session.id } as const
  const flow = parts.flows.seal({ ...flowTo(LINKED), purpose, methods: [id] })
  return `/sign-in/${id}?flow=${flow}`
}

/** Of a directory, whose login and password are asked for at once. */
export async function linkByForm(
  parts: AccountParts,
  own: Own,
  given: { readonly method: string; readonly login: string; readonly password: string },
): Promise<string | undefined> {
  const { method, login, password } = given
  const found = await parts.methods.find(method)
  const open = found?.method.enabled === true ? found.open : undefined
  if (open?.type !== 'form' || open.method.kind !== 'ldap') throw new AccountRefused('gone', { at: method })
  const proof = await open.check({ login, password, address: own.address })
  if (proof?.kind !== 'identity') throw new AccountRefused('wrong', { at: method, typed: login.slice(0, 254) })
  return linkIdentity(parts, own, method, proof)
}

/**
 * What was proved becomes an identity of the account. One that another account has stays there: nothing is merged and nothing is moved, for
 * it may be that one whose owner is being robbed (T28, T30).
 */
export async function linkIdentity(
  parts: AccountParts,
  own: Own,
  method: string,
  { issuer, subject, claims }: IdentityProof,
): Promise<string | undefined> {
  const at = parts.now().toISOString()
  const label = (claims.email ?? claims.name ?? subject).slice(0, 200)
  const identity = {
    id: randomId(16),
    account: own.account.id,
    issuer,
    subject,
    method,
    label,
    created_at: at,
    last_used_at: null,
  }
  const change = {
    event: 'account.linked',
    data: { identity: identity.id, issuer, method },
    notice: 'identity_linked',
    renews: true,
  } as const
  return changeOwn(parts, own, change, async (store) => {
    const known = await store.identities.find(issuer, subject)
    if (known !== undefined)
      throw new AccountRefused(known.account === own.account.id ? 'taken' : 'others', { at: method })
    await store.identities.insert(identity)
  }).catch((error) => {
    throw isConflict(error) ? new AccountRefused('others', { at: method, cause: error }) : error
  })
}

export async function removeIdentity(parts: AccountParts, own: Own, id: string): Promise<string | undefined> {
  const offered = await offeredMethods(parts)
  const change = {
    event: 'account.unlinked',
    data: { identity: id },
    notice: 'identity_removed',
    renews: true,
  } as const
  return changeOwn(parts, own, change, async (store) => {
    await requireOwn(store, own, id)
    await store.identities.delete(id)
    await requireWayIn(store, own.account.id, offered, id)
  })
}

export async function identityLabel({ store }: AccountParts, own: Own, id: string): Promise<string> {
  return requireOwn(store, own, id)
}

async function requireOwn(store: Store, { account }: Own, id: string): Promise<string> {
  const identity = await store.identities.get(id)
  if (identity?.account !== account.id) throw new NotOwn('no such identity')
  return identity.label
}
