import type { z } from 'zod'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { canonicalEmail } from '../policy/email.ts'
import type * as schemas from './account_schemas.ts'
import { presentAccount } from './presenting.ts'

/** With whether the person has shown, or an administrator has said, that he reads the address of the account. */
export async function showAccount(
  store: Pick<Store, 'emails'>,
  account: Account,
): Promise<z.input<typeof schemas.Account>> {
  const canonical = account.email === null ? undefined : canonicalEmail(account.email)
  const own = canonical === undefined ? [] : await store.emails.of(account.id)
  const email_verified = own.some((email) => email.canonical === canonical && email.verified_at !== null)
  return { ...presentAccount(account), email_verified }
}
