import { newEvent } from '../core/events.ts'
import { requireAccount } from './accounts_holding.ts'
import { requireUnnamed } from './accounts_rules.ts'
import { endpoint } from './endpoint.ts'
import { requireAccountUnnamed } from './people_naming.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const accountsDelete = endpoint({
  name: 'accounts.delete',
  method: 'DELETE',
  path: '/accounts/{id}',
  summary: 'Delete an account that has no live keys and that nothing names; its sessions end',
  permission: 'accounts.write',
  params: IdParams,
  status: 204,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, parts }) {
    await parts.store.transaction(async (store) => {
      const account = await store.accounts.get(params.id)
      if (account === undefined) throw notFound('account', params.id)
      // Its name is free then: whoever made it anew would be taken for it by those who know it (D6).
      await requireAccount({ principal, parts }, store, [account])
      await requireUnnamed(store, params.id)
      await requireAccountUnnamed(store, params.id)
      await parts.sessions.endAll(params.id, 'disabled', undefined, store)
      await store.accounts.delete(params.id)
      await store.events.insert(newEvent('account.deleted', `account:${params.id}`))
    })
    await parts.activity.tickets.deleteOfAccount(params.id)
    await parts.activity.providerEntries.deleteOfAccount(params.id)
  },
})
