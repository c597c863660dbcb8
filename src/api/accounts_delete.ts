import { newEvent } from '../core/events.ts'
import { requireUnnamed } from './accounts_rules.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const accountsDelete = endpoint({
  name: 'accounts.delete',
  method: 'DELETE',
  path: '/accounts/{id}',
  summary: 'Delete an account that has no live keys and that nothing names',
  permission: 'accounts.write',
  params: IdParams,
  status: 204,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `account:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      await requireUnnamed(store, params.id)
      if (!(await store.accounts.delete(params.id))) throw notFound('account', params.id)
      await store.events.insert(newEvent('account.deleted', `account:${params.id}`))
    })
  },
})
