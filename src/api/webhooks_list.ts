import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'
import { Webhook } from './webhook_schemas.ts'
import { presentWebhook } from './webhooks_rules.ts'

export const webhooksList = endpoint({
  name: 'webhooks.list',
  method: 'GET',
  path: '/webhooks',
  summary: 'List webhooks',
  permission: 'webhooks.read',
  query: z.strictObject(Page),
  response: pageOf(Webhook),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.webhooks.list(pageQuery(query)), query.limit, presentWebhook)
  },
})
