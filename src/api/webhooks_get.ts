import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'
import { Webhook } from './webhook_schemas.ts'
import { presentWebhook, webhookFor } from './webhooks_rules.ts'

export const webhooksGet = endpoint({
  name: 'webhooks.get',
  method: 'GET',
  path: '/webhooks/{id}',
  summary: 'Read a webhook',
  permission: 'webhooks.read',
  params: IdParams,
  response: Webhook,
  errors: ['not_found'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ params, parts }) {
    return presentWebhook((await webhookFor(parts.store, params.id)).webhook)
  },
})
