import { newEvent } from '../core/events.ts'
import { rotateSecrets } from '../outbound/webhooks/secrets.ts'
import { newSigningKey } from '../outbound/webhooks/signing.ts'
import { endpoint } from './endpoint.ts'
import { overlap } from './overlap.ts'
import { IdParams } from './schemas.ts'
import { WebhookWithSecret } from './webhook_schemas.ts'
import { presentWebhook, requireEvents, webhookFor } from './webhooks_rules.ts'

const DAY_S = 86_400

export const webhooksRotate = endpoint({
  name: 'webhooks.rotate',
  method: 'POST',
  path: '/webhooks/{id}/rotate',
  summary: 'Give a webhook a new signing secret',
  description: 'For overlap_s seconds each delivery is signed with the old secret as well; 0 ends it at once.',
  permission: 'webhooks.write',
  params: IdParams,
  body: overlap(DAY_S),
  response: WebhookWithSecret,
  errors: ['not_found'],
  once: ['secret'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ principal, params, body, parts }) {
    requireEvents(principal)
    const now = parts.now()
    const secret = newSigningKey()
    const webhook = await parts.store.transaction(async (store) => {
      const stored = await webhookFor(store, params.id)
      const secrets = rotateSecrets(parts.webhooks.secrets.open(stored), body.overlap_s, now, secret)
      const after = { ...stored.webhook, updated_at: now.toISOString() }
      await store.webhooks.update(after, parts.webhooks.secrets.seal(after, secrets))
      await store.events.insert(newEvent('webhook.rotated', `webhook:${params.id}`, { overlap_s: body.overlap_s }))
      return after
    })
    return { ...presentWebhook(webhook), secret }
  },
})
