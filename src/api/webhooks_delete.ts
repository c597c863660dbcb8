import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const webhooksDelete = endpoint({
  name: 'webhooks.delete',
  method: 'DELETE',
  path: '/webhooks/{id}',
  summary: 'Delete a webhook with its deliveries',
  permission: 'webhooks.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      if (!(await store.webhooks.delete(params.id))) throw notFound('webhook', params.id)
      await store.events.insert(newEvent('webhook.deleted', `webhook:${params.id}`))
    })
  },
})
