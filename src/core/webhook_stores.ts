import type { Page } from './stores.ts'
import type { Delivery, DeliveryState, EventRow, Webhook } from './types.ts'

/** What the rest of the program may ask of webhooks and their outbox. */

export interface StoredWebhook {
  readonly webhook: Webhook
  /** Its signing secrets, sealed. */
  readonly sealed: string
}

export interface WebhookStore {
  insert(webhook: Webhook, sealed: string): Promise<void>
  get(id: string): Promise<StoredWebhook | undefined>
  list(page: Page): Promise<readonly Webhook[]>
  update(webhook: Webhook, sealed: string): Promise<void>
  /** Its deliveries go with it. */
  delete(id: string): Promise<boolean>
  count(): Promise<number>
  /** Those that are active and have a delivery that is due. */
  due(now: string): Promise<readonly StoredWebhook[]>
}

/** The right to try a delivery, until `until`. What is done with it is only recorded while nobody else took it over. */
export interface DeliveryLease {
  readonly token: string
  readonly until: string
}

export interface ClaimedDelivery {
  readonly webhook_id: string
  readonly event: EventRow
  readonly attempts: number
  readonly lease: string
}

export interface AttemptRecord {
  readonly state: 'waiting' | 'delivered' | 'failed'
  readonly at: string
  /** When it is tried again; `null` when it is over. */
  readonly due_at: string | null
  readonly status: number | null
  readonly error: string | null
}

/** The outbox. Rows come into being with their events, see `EventStore.insert`. */
export interface DeliveryStore {
  get(webhookId: string, eventId: string): Promise<Delivery | undefined>
  /** Newest first; `after` is an event's id. */
  list(webhookId: string, page: Page, state?: DeliveryState): Promise<readonly Delivery[]>
  /** The earliest time at which any delivery is due. */
  nextDueAt(): Promise<string | undefined>
  /** Up to `limit` that are due, each to one claimer only until the lease lapses. */
  claim(webhookId: string, now: string, lease: DeliveryLease, limit: number): Promise<readonly ClaimedDelivery[]>
  /** Counts the attempt. False when the lease was lost meanwhile; nothing is recorded then. */
  finish(claimed: ClaimedDelivery, record: AttemptRecord): Promise<boolean>
  /** Gives the claim back without an outcome: due again at `dueAt`. */
  release(claimed: ClaimedDelivery, dueAt: string): Promise<void>
  /** Due at `now`; one that was over begins anew. False when it is being tried, or suspended, or there is none. */
  replay(webhookId: string, eventId: string, now: string): Promise<boolean>
  /** Ends all that is not over. */
  cancel(webhookId: string, now: string): Promise<number>
  /** What was suspended is due at `now`. */
  resume(webhookId: string, now: string): Promise<number>
  /** Deletes what was over before `before`. */
  prune(before: string): Promise<number>
}
