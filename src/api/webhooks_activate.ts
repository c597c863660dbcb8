import { z } from 'zod'
import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'
import { Webhook } from './webhook_schemas.ts'
import { presentWebhook, requireEvents, webhookFor } from './webhooks_rules.ts'

export const webhooksActivate = endpoint({
  name: 'webhooks.activate',
  method: 'POST',
  path: '/webhooks/{id}/activate',
  summary: 'Let a webhook that a restore suspended send again',
  description:
    'What was waiting in the backup, and what happened since the restore, is sent ("backlog": "deliver", under the ids that the original may have sent it with) or given up ("discard").',
  permission: 'webhooks.write',
  params: IdParams,
  body: z.strictObject({ backlog: z.enum(['deliver', 'discard']).default('deliver') }).default({ backlog: 'deliver' }),
  response: Webhook,
  errors: ['not_found'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ principal, params, body, parts }) {
    requireEvents(principal)
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const { webhook, sealed } = await webhookFor(store, params.id)
      if (webhook.state !== 'suspended') return presentWebhook(webhook)
      const active = { ...webhook, state: 'active' as const, state_reason: null, state_since: now, updated_at: now }
      await store.webhooks.update(active, sealed)
      if (body.backlog === 'discard') await store.deliveries.cancel(webhook.id, now)
      else await store.deliveries.resume(webhook.id, now)
      await store.events.insert(newEvent('webhook.updated', `webhook:${webhook.id}`, { state: active.state }))
      return presentWebhook(active)
    })
  },
})
