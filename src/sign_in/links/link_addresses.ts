import type { Store } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import { canonicalEmail } from '../../policy/email.ts'

/**
 * Addresses to which a way into an account may be sent: those that its person has shown to read, and the one that an administrator gave it.
 * One that a provider named, or that somebody typed, and that nobody has verified, is none: it may be a stranger's.
 */
async function trusted(store: Pick<Store, 'emails'>, account: Account): Promise<readonly string[]> {
  const rows = await store.emails.of(account.id)
  const verified = rows.filter(({ verified_at }) => verified_at !== null).map(({ address }) => address)
  const { email } = account
  const canonical = email === null ? undefined : canonicalEmail(email)
  if (email === null || canonical === undefined) return verified
  const isDoubtful = rows.some((row) => row.canonical === canonical && row.verified_at === null)
  return isDoubtful ? verified : [email, ...verified]
}

/** Where mail for the account goes. */
export async function mailedAddress(store: Pick<Store, 'emails'>, account: Account): Promise<string | undefined> {
  return (await trusted(store, account))[0]
}

/** As it is kept, not as it was typed: letters that look alike are another mailbox. */
export async function typedAddress(
  store: Pick<Store, 'emails'>,
  account: Account,
  typed: string,
): Promise<string | undefined> {
  const canonical = canonicalEmail(typed)
  if (canonical === undefined) return mailedAddress(store, account)
  return (await trusted(store, account)).find((address) => canonicalEmail(address) === canonical)
}
