import type { z } from 'zod'
import type { EmailAddress } from '../core/people_types.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Email } from './email_schemas.ts'
import { requireAdministrator } from './people_rules.ts'

/**
 * T31: that somebody reads an address is his to show, or an administrator's to say. One that another account has is an administrator's
 * decision too, verified or not: as long as one account alone has it, its person signs in by it.
 */
export async function requireOwnAddress(
  store: Store,
  principal: Principal,
  email: EmailAddress,
  before: EmailAddress | undefined,
): Promise<void> {
  if (email.verified_at !== null && (before?.verified_at ?? null) === null)
    requireAdministrator(principal, 'That an e-mail address is verified')
  if (before !== undefined) return
  const others = (await store.emails.holders(email.canonical)).some(({ id }) => id !== email.account)
  if (others) requireAdministrator(principal, 'That an account has the e-mail address of another one')
}

export function presentEmail({ address, verified_at, created_at }: EmailAddress): z.input<typeof Email> {
  return { address, verified_at, created_at }
}
