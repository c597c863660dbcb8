import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { NetworkPolicy, Delivery as StoredDelivery, Webhook as StoredHook } from '../core/types.ts'
import type { StoredWebhook } from '../core/webhook_stores.ts'
import { Egress, originRefusal } from '../outbound/network/egress.ts'
import { requireHoldings } from '../policy/escalation.ts'
import { holdsPermission } from '../policy/permissions.ts'
import type { ApiParts } from './endpoint.ts'
import { notFound, presentNetwork } from './presenting.ts'
import type { Delivery, Webhook } from './webhook_schemas.ts'

/** The rules that every change of a webhook keeps. */

export async function webhookFor(store: Store, id: string): Promise<StoredWebhook> {
  const stored = await store.webhooks.get(id)
  if (stored === undefined) throw notFound('webhook', id)
  return stored
}

/**
 * D6: a webhook is told every event, for ever and wherever it is, so whoever makes one must be allowed to read them, and may not be
 * fenced in himself.
 */
export function requireEvents(principal: Principal): void {
  const holds = { permissions: ['events.read'], grants: [], groups: [], expires_at: null, cidrs: [] }
  requireHoldings(principal, holds, { connection: () => undefined, connector: () => undefined, routes: [] })
}

/** D9: opening the network, and using what is opened for another address, needs a permission of its own. */
export function requireNetwork(principal: Principal, after: StoredHook, before?: StoredHook): void {
  const opened = Object.keys(after.network).length > 0
  const same = sameNetwork(before?.network ?? {}, after.network)
  if (same && !(opened && before?.url !== after.url)) return
  if (holdsPermission(principal.permissions, 'connections.write_network')) return
  throw new OctroiError('not_granted', 'Another network than the public one needs connections.write_network.')
}

export function sameNetwork(a: NetworkPolicy, b: NetworkPolicy): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Refuses an address that this network policy does not reach. Throws 422 `insecure_upstream`. */
export async function requireReachable(parts: ApiParts, { url, network }: StoredHook): Promise<void> {
  const refusal = await originRefusal(url, new Egress(network, parts.listeners))
  if (refusal === undefined) return
  throw new OctroiError('insecure_upstream', `The address of the receiver is not allowed: ${refusal}.`, {
    errors: [{ path: 'url', message: refusal }],
  })
}

export function presentWebhook(webhook: StoredHook): z.input<typeof Webhook> {
  return { ...webhook, types: [...webhook.types], network: presentNetwork(webhook.network) }
}

export function presentDelivery(delivery: StoredDelivery): z.input<typeof Delivery> {
  const { due_at, lease, last_at, ...rest } = delivery
  return { ...rest, next_attempt_at: lease === null ? due_at : null, last_attempt_at: last_at }
}
