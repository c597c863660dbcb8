import { OctroiError } from '../core/errors.ts'
import type { Account } from '../core/types.ts'
import type { GivenLink } from '../sign_in/links/links.ts'
import { requireAccount } from './accounts_holding.ts'
import type { Operation } from './endpoint.ts'
import { personFor } from './people_rules.ts'

type Asking = Pick<Operation<{ id: string }, unknown, unknown>, 'principal' | 'params' | 'parts'>

/** Whoever has a link becomes the account by it: so its maker holds all that the account holds (D6). */
export async function personToLink({ principal, params, parts }: Asking): Promise<Account> {
  const account = await personFor(parts.store, params.id)
  await requireAccount({ principal, parts }, parts.store, [account])
  if (account.disabled_at === null) return account
  throw new OctroiError('conflict', `The account ${account.id} is disabled. Enable it first.`)
}

export function presentLink({ sent, url, expiresAt }: GivenLink) {
  return { sent, url, expires_at: expiresAt.toISOString() }
}
