import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { Webhook as Stored } from '../core/types.ts'
import type { StoredWebhook } from '../core/webhook_stores.ts'
import { firstSecret } from '../outbound/webhooks/secrets.ts'
import { newSigningKey } from '../outbound/webhooks/signing.ts'
import { type ApiParts, endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'
import { WebhookUpdate, WebhookWithSecret } from './webhook_schemas.ts'
import {
  presentWebhook,
  requireEvents,
  requireNetwork,
  requireReachable,
  sameNetwork,
  webhookFor,
} from './webhooks_rules.ts'

type Changes = z.output<typeof WebhookUpdate>

export const webhooksUpdate = endpoint({
  name: 'webhooks.update',
  method: 'PATCH',
  path: '/webhooks/{id}',
  summary: 'Change, disable or enable a webhook',
  description:
    'A change of the address or the network says what becomes of the secret: "new" (shown this once), "keep" (the receiver is the same), or one that the receiver has. Disabling gives up what is still waiting.',
  permission: 'webhooks.write',
  params: IdParams,
  body: WebhookUpdate,
  response: WebhookWithSecret,
  errors: ['not_found', 'conflict', 'secrets_required', 'insecure_upstream'],
  once: ['secret'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ principal, params, body, parts }) {
    requireEvents(principal)
    const stored = await webhookFor(parts.store, params.id)
    const before = stored.webhook
    const now = parts.now().toISOString()
    const after = changed(before, body, now)
    requireNetwork(principal, after, before)
    const moved = before.url !== after.url || !sameNetwork(before.network, after.network)
    if (moved && body.secret === undefined) throw secretsRequired()
    // Only where something begins to be sent: a name that turned private must not keep anybody from disabling it.
    const begins = moved || after.state !== before.state
    if (begins && after.state !== 'disabled') await requireReachable(parts, after)
    const secret = body.secret === 'new' ? newSigningKey() : null
    const sealed = resealed(parts, stored, after, secret ?? body.secret)
    await parts.store.transaction(async (store) => {
      const { webhook, sealed: held } = await webhookFor(store, before.id)
      if (held !== stored.sealed || JSON.stringify(webhook) !== JSON.stringify(before)) {
        throw new OctroiError('conflict', 'The webhook was changed by somebody else meanwhile. Read it and try again.')
      }
      await store.webhooks.update(after, sealed)
      if (after.state === 'disabled') await store.deliveries.cancel(before.id, now)
      const told = { moved, secret: body.secret !== undefined && body.secret !== 'keep', state: after.state }
      await store.events.insert(newEvent('webhook.updated', `webhook:${before.id}`, told))
    })
    return { ...presentWebhook(after), secret }
  },
})

function changed(before: Stored, { name, url, types, network, disabled }: Changes, now: string): Stored {
  const after = {
    ...before,
    name: name ?? before.name,
    url: url ?? before.url,
    types: types ?? before.types,
    network: network ?? before.network,
    updated_at: now,
  }
  // What a restore suspended is put back by activation alone, which says what becomes of the backlog.
  const state =
    disabled === true ? 'disabled' : before.state === 'disabled' && disabled === false ? 'active' : before.state
  return state === before.state ? after : { ...after, state, state_reason: null, state_since: now }
}

/** D8: the old receiver knows the old secrets, so that those that are replaced end at once. */
function resealed({ webhooks }: ApiParts, stored: StoredWebhook, after: Stored, key: string | undefined): string {
  if (key !== undefined && key !== 'keep') return webhooks.secrets.seal(after, firstSecret(key))
  const { url, network } = stored.webhook
  if (url === after.url && sameNetwork(network, after.network)) return stored.sealed
  return webhooks.secrets.seal(after, webhooks.secrets.open(stored))
}

function secretsRequired(): OctroiError {
  return new OctroiError(
    'secrets_required',
    'This changes where events are sent, and whoever received them until now knows the secret. Say what becomes of it.',
    {
      errors: [
        { path: 'secret', message: 'is required with a change of the address or the network: new, keep, or another' },
      ],
    },
  )
}
