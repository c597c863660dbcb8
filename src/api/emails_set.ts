import { newEvent } from '../core/events.ts'
import type { EmailAddress } from '../core/people_types.ts'
import { canonicalEmail } from '../policy/email.ts'
import { requireAccount } from './accounts_holding.ts'
import { Email, EmailSet } from './email_schemas.ts'
import { presentEmail, requireOwnAddress } from './emails_rules.ts'
import { endpoint } from './endpoint.ts'
import { personFor } from './people_rules.ts'
import { IdParams } from './schemas.ts'

export const emailsSet = endpoint({
  name: 'emails.set',
  method: 'PUT',
  path: '/accounts/{id}/emails',
  summary: 'Give a person an e-mail address, or change what is known of it',
  description:
    'An address is one person’s alone once it is verified. Saying that it is, or giving one that another account has, needs * besides.',
  permission: 'accounts.write',
  params: IdParams,
  body: EmailSet,
  response: Email,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, body, parts }) {
    const now = parts.now()
    return parts.store.transaction(async (store) => {
      const account = await personFor(store, params.id)
      await requireAccount({ principal, parts }, store, [account])
      const canonical = canonicalEmail(body.address) as string
      const before = (await store.emails.of(account.id)).find((one) => one.canonical === canonical)
      const email = emailOf(account.id, canonical, body, before, now.toISOString())
      await requireOwnAddress(store, principal, email, before)
      await store.emails.put(email)
      if (before === undefined)
        await store.events.insert(newEvent('account.email_added', `account:${account.id}`, {}, now))
      if (email.verified_at !== null && (before?.verified_at ?? null) === null) {
        const told = { by: 'administrator' }
        await store.events.insert(newEvent('account.email_verified', `account:${account.id}`, told, now))
      }
      return presentEmail(email)
    })
  },
})

function emailOf(
  account: string,
  canonical: string,
  { address, verified }: { readonly address: string; readonly verified?: boolean | undefined },
  before: EmailAddress | undefined,
  now: string,
): EmailAddress {
  const known = before?.verified_at ?? null
  const verified_at = verified === undefined ? known : verified ? (known ?? now) : null
  return { account, address: address.trim(), canonical, verified_at, created_at: before?.created_at ?? now }
}
