import { AccountReset, GivenLink } from './account_schemas.ts'
import { personToLink, presentLink } from './accounts_links.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const accountsResetPassword = endpoint({
  name: 'accounts.reset_password',
  method: 'POST',
  path: '/accounts/{id}/reset-password',
  summary: 'Give a person a link by which he chooses a new password',
  description:
    'Good once, for an hour, and until the password changes; a newer one ends the older one. Nothing changes before it is used; then every session of the person ends, and a second factor is asked for as before. By mail where that is possible; otherwise the link is in this answer, and nowhere else.',
  permission: 'accounts.write',
  params: IdParams,
  body: AccountReset,
  response: GivenLink,
  errors: ['not_found', 'conflict', 'upstream_unreachable', 'upstream_timeout'],
  once: ['url'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const account = await personToLink(operation)
    return presentLink(await operation.parts.links.give('password_reset', account, operation.body))
  },
})
