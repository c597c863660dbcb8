import { newEvent } from '../../core/events.ts'
import type { Store } from '../../core/stores.ts'
import { canonicalEmail } from '../../policy/email.ts'
import { SignInRefused } from '../method.ts'
import type { FoundLink } from './link_tickets.ts'
import type { LinkParts } from './links.ts'

/** What a link does to the account that it leads to, in one transaction. Throws `SignInRefused` where there is nothing to do it to. */
export async function setByLink(
  { store, sessions, now }: Pick<LinkParts, 'store' | 'sessions' | 'now'>,
  { account: { id }, address }: FoundLink,
  hash: string,
): Promise<void> {
  const at = new Date(now())
  await store.transaction(async (bound) => {
    const account = await bound.accounts.get(id)
    if (account === undefined || account.disabled_at !== null) throw staleLink()
    await bound.accounts.update({ ...account, updated_at: at.toISOString() })
    await bound.accounts.setPassword(id, hash)
    await bound.events.insert(newEvent('account.password_changed', `account:${id}`, { has_password: true }, at))
    // Every one: whoever forgot his password may have lost more than that.
    await sessions.endAll(id, 'password_changed', undefined, bound)
    if (address !== null) await verifyAddress(bound, id, address, at)
  })
}

export function staleLink(): SignInRefused {
  return new SignInRefused('spent', 'This link was used already, is too old, or was replaced by a newer one.')
}

/** Whoever has the link reads what is sent there. Where another account has shown that, it stays the other's. */
async function verifyAddress(store: Store, account: string, address: string, now: Date): Promise<void> {
  const canonical = canonicalEmail(address)
  if (canonical === undefined || (await store.emails.findVerified(canonical)) !== undefined) return
  const at = now.toISOString()
  const known = (await store.emails.of(account)).find((email) => email.canonical === canonical)
  await store.emails.put({ account, address, canonical, verified_at: at, created_at: known?.created_at ?? at })
  await store.events.insert(newEvent('account.email_verified', `account:${account}`, {}, now))
}
