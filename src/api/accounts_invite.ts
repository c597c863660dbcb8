import { newEvent } from '../core/events.ts'
import type { Store } from '../core/stores.ts'
import { AccountInvite, GivenLink } from './account_schemas.ts'
import { personToLink, presentLink } from './accounts_links.ts'
import { endpoint } from './endpoint.ts'
import { invalid } from './faults.ts'
import { noSuch } from './references.ts'
import { IdParams } from './schemas.ts'

export const accountsInvite = endpoint({
  name: 'accounts.invite',
  method: 'POST',
  path: '/accounts/{id}/invite',
  summary: 'Invite a person: a link by which he chooses a password, or signs in with what he has',
  description:
    'Good once, for 7 days; a newer invitation ends the older one. Identities that are proved by it become those of this account. By mail to the address of the account where OCTROI_SMTP_URL is set; otherwise the link is in this answer, and nowhere else.',
  permission: 'accounts.write',
  params: IdParams,
  body: AccountInvite,
  response: GivenLink,
  errors: ['not_found', 'conflict', 'upstream_unreachable', 'upstream_timeout'],
  once: ['url'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const { body, parts } = operation
    const account = await personToLink(operation)
    await requireMethods(parts.store, body.methods ?? [])
    const given = await parts.links.give('invitation', account, body)
    const told = { sent: given.sent, expires_at: given.expiresAt.toISOString() }
    await parts.store.events.insert(newEvent('account.invited', `account:${account.id}`, told, parts.now()))
    return presentLink(given)
  },
})

async function requireMethods(store: Store, ids: readonly string[]): Promise<void> {
  const known = new Set((await store.signInMethods.all()).map(({ method }) => method.id))
  const faults = ids.flatMap((id, i) => (known.has(id) ? [] : [noSuch('sign-in method', `methods.${i}`, id)]))
  if (faults.length > 0) throw invalid('The invitation is not valid.', faults)
}
