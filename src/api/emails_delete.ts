import { newEvent } from '../core/events.ts'
import { canonicalEmail } from '../policy/email.ts'
import { requireAccount } from './accounts_holding.ts'
import { EmailParams } from './email_schemas.ts'
import { endpoint } from './endpoint.ts'
import { accountFor } from './people_rules.ts'
import { notFound } from './presenting.ts'

export const emailsDelete = endpoint({
  name: 'emails.delete',
  method: 'DELETE',
  path: '/accounts/{id}/emails/{address}',
  summary: 'Take an e-mail address from an account',
  permission: 'accounts.write',
  params: EmailParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, parts }) {
    await parts.store.transaction(async (store) => {
      const account = await accountFor(store, params.id)
      await requireAccount({ principal, parts }, store, [account])
      const canonical = canonicalEmail(params.address) as string
      if (!(await store.emails.delete(account.id, canonical))) throw notFound('e-mail address', params.address)
      await store.events.insert(newEvent('account.email_removed', `account:${account.id}`, {}, parts.now()))
    })
  },
})
