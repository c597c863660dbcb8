import { Emails } from './email_schemas.ts'
import { presentEmail } from './emails_rules.ts'
import { endpoint } from './endpoint.ts'
import { accountFor } from './people_rules.ts'
import { IdParams } from './schemas.ts'

export const emailsList = endpoint({
  name: 'emails.list',
  method: 'GET',
  path: '/accounts/{id}/emails',
  summary: 'Read the e-mail addresses of a person, verified or not',
  permission: 'accounts.read',
  params: IdParams,
  response: Emails,
  errors: ['not_found'],
  async handle({ params, parts }) {
    await accountFor(parts.store, params.id)
    return { items: (await parts.store.emails.of(params.id)).map(presentEmail) }
  },
})
