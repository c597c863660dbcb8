import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { Webhook as Stored } from '../core/types.ts'
import { MAX_WEBHOOKS } from '../outbound/webhooks/dispatcher.ts'
import { firstSecret } from '../outbound/webhooks/secrets.ts'
import { newSigningKey } from '../outbound/webhooks/signing.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made } from './presenting.ts'
import { WebhookCreate, WebhookWithSecret } from './webhook_schemas.ts'
import { presentWebhook, requireEvents, requireNetwork, requireReachable } from './webhooks_rules.ts'

export const webhooksCreate = endpoint({
  name: 'webhooks.create',
  method: 'POST',
  path: '/webhooks',
  summary: 'Have events sent to an address',
  description:
    'The signing secret is in this answer and nowhere else, unless it was given. Needs events.read as well, and connections.write_network for a network.',
  permission: 'webhooks.write',
  body: WebhookCreate,
  response: WebhookWithSecret,
  status: 201,
  errors: ['conflict', 'insecure_upstream'],
  once: ['secret'],
  target: (_, answer) => made('webhook', answer),
  async handle({ principal, body, parts }) {
    requireEvents(principal)
    const now = parts.now().toISOString()
    const name = body.name ?? new URL(body.url).hostname
    const id = await chooseId(body.id, name, async (wanted) => (await parts.store.webhooks.get(wanted)) !== undefined)
    const webhook: Stored = {
      id,
      name,
      url: body.url,
      types: body.types,
      network: body.network,
      state: body.disabled ? 'disabled' : 'active',
      state_reason: null,
      state_since: now,
      created_at: now,
      updated_at: now,
      created_by: principal.key_id,
    }
    requireNetwork(principal, webhook)
    await requireReachable(parts, webhook)
    const secret = body.secret === undefined ? newSigningKey() : null
    const sealed = parts.webhooks.secrets.seal(webhook, firstSecret(secret ?? body.secret))
    await parts.store.transaction(async (store) => {
      if ((await store.webhooks.count()) >= MAX_WEBHOOKS) {
        throw new OctroiError('conflict', `There are ${MAX_WEBHOOKS} webhooks already, the most that there can be.`)
      }
      // The event comes first: a webhook is not told of its own beginning.
      await store.events.insert(newEvent('webhook.created', `webhook:${id}`, { name }))
      await store.webhooks.insert(webhook, sealed)
    })
    return { ...presentWebhook(webhook), secret }
  },
})
