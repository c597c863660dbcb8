import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { IdParams, Page, pageOf } from './schemas.ts'
import { Delivery, DeliveryState } from './webhook_schemas.ts'
import { presentDelivery, webhookFor } from './webhooks_rules.ts'

export const webhooksDeliveries = endpoint({
  name: 'webhooks.deliveries',
  method: 'GET',
  path: '/webhooks/{id}/deliveries',
  summary: 'What became of the events that a webhook was to be told, newest first',
  description: 'Kept for 30 days after they are over.',
  permission: 'webhooks.read',
  params: IdParams,
  query: z.strictObject({ ...Page, state: DeliveryState.optional() }),
  response: pageOf(Delivery),
  errors: ['not_found'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ params, query, parts }) {
    await webhookFor(parts.store, params.id)
    const rows = await parts.store.deliveries.list(params.id, pageQuery(query), query.state)
    return pageAnswer(rows, query.limit, presentDelivery)
  },
})
