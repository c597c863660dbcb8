import { z } from 'zod'
import { requireAccount } from './accounts_holding.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const sessionsDeleteAll = endpoint({
  name: 'sessions.delete_all',
  method: 'DELETE',
  path: '/accounts/{id}/sessions',
  summary: 'End every session of an account',
  permission: 'sessions.write',
  params: IdParams,
  response: z.object({ ended: z.number() }),
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, parts }) {
    return parts.store.transaction(async (store) => {
      const account = await store.accounts.get(params.id)
      if (account === undefined) throw notFound('account', params.id)
      await requireAccount({ principal, parts }, store, [account])
      return { ended: await parts.sessions.endAll(params.id, 'revoked', undefined, store) }
    })
  },
})
