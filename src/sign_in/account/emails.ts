import { OctroiError } from '../../core/errors.ts'
import type { EmailAddress } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { canonicalEmail } from '../../policy/email.ts'
import { changeOwn } from './changing.ts'
import { type AccountParts, AccountRefused, NotOwn, type Own } from './own.ts'

const MOST = 10

export interface EmailShown {
  /** The canonical address. */
  readonly id: string
  readonly address: string
  readonly verified: boolean
  /** The one that applications are told. */
  readonly primary: boolean
}

/** Those that he has added or verified, and the one that an administrator has given him. */
export async function listEmails({ store }: Pick<AccountParts, 'store'>, { account }: Own): Promise<EmailShown[]> {
  return shown(await store.emails.of(account.id), account.email)
}

function shown(rows: readonly EmailAddress[], given: string | null): EmailShown[] {
  const primary = given === null ? undefined : canonicalEmail(given)
  const all = rows.map(({ canonical, address, verified_at }) => ({
    id: canonical,
    address,
    verified: verified_at !== null,
    primary: canonical === primary,
  }))
  if (given === null || primary === undefined || all.some(({ id }) => id === primary)) return all
  return [{ id: primary, address: given, verified: false, primary: true }, ...all]
}

/** It finds nobody and merges nothing until it is verified; whoever else has it, nobody is told. */
export async function addEmail(parts: AccountParts, own: Own, given: string): Promise<EmailShown> {
  const address = given.trim()
  const canonical = canonicalEmail(address)
  if (canonical === undefined) throw new AccountRefused('invalid', { typed: address.slice(0, 254) })
  const row = { account: own.account.id, address, canonical, verified_at: null, created_at: parts.now().toISOString() }
  await changeOwn(parts, own, { event: 'account.email_added' }, async (store) => {
    const known = await listEmails({ store }, own)
    if (known.some(({ id }) => id === canonical)) throw new AccountRefused('taken', { typed: address })
    if (known.length >= MOST) throw new AccountRefused('invalid', { typed: address })
    await store.emails.put(row)
  })
  return { id: canonical, address, verified: false, primary: false }
}

/** Whoever made it known that he reads an address can make it the one that applications are told. */
export async function makePrimary(parts: AccountParts, own: Own, id: string): Promise<void> {
  const before = own.account.email
  const change = {
    event: 'account.updated',
    data: { fields: ['email'] },
    notice: 'email_primary',
    also: before === null ? [] : [before],
  } as const
  await changeOwn(parts, own, change, async (store) => {
    const { address, verified } = await requireOwn(store, own, id)
    if (!verified) throw new AccountRefused('invalid', { at: id })
    await setEmail(parts, store, own, address)
  })
}

export async function removeEmail(parts: AccountParts, own: Own, id: string): Promise<void> {
  const { address, verified, primary: isGiven } = await requireOwn(parts.store, own, id)
  // One that was only ever typed may be a stranger's.
  const also = verified || isGiven ? [address] : []
  const change = { event: 'account.email_removed', notice: 'email_removed', also } as const
  await changeOwn(parts, own, change, async (store) => {
    const { primary } = await requireOwn(store, own, id)
    await store.emails.delete(own.account.id, id)
    if (primary) await setEmail(parts, store, own, null)
  })
  // A link that went to this address is not his way in any more.
  await parts.activity.tickets.deleteOfAccount(own.account.id, 'password_reset')
}

export async function emailAddress({ store }: AccountParts, own: Own, id: string): Promise<string> {
  return (await requireOwn(store, own, id)).address
}

export async function requireOwn(store: Store, own: Own, id: string): Promise<EmailShown> {
  const account = await store.accounts.get(own.account.id)
  const found = shown(await store.emails.of(own.account.id), account?.email ?? null).find((email) => email.id === id)
  if (found === undefined) throw new NotOwn('no such address')
  return found
}

/** Nothing else of the account: an administrator may have changed the rest meanwhile. */
export async function setEmail(
  { now }: Pick<AccountParts, 'now'>,
  store: Store,
  { account }: Own,
  email: string | null,
): Promise<void> {
  const stored = await store.accounts.get(account.id)
  if (stored === undefined) throw new NotOwn('the account is gone')
  await store.accounts.update({ ...stored, email, updated_at: now().toISOString() })
}

/** The unique index says it; whose the address is, it does not. */
export function isConflict(error: unknown): boolean {
  return error instanceof OctroiError && error.code === 'conflict'
}
