import { newEvent } from '../../core/events.ts'
import { randomId } from '../../core/ids.ts'
import type { DeliveryOutcome } from '../../core/metrics.ts'
import type { Store } from '../../core/stores.ts'
import type { AttemptRecord, ClaimedDelivery, StoredWebhook } from '../../core/webhook_stores.ts'
import { messageOf } from './message.ts'
import { nextAttemptAt } from './schedule.ts'
import type { Attempt, WebhookSender } from './sender.ts'

/** At most so many receivers, each with so many deliveries at a time: a slow one holds up nobody but itself. */
export const MAX_WEBHOOKS = 50
const AT_ONCE = 4

/** Longer than an attempt can take: it lapses only where the process that held it is gone. */
export const LEASE_MS = 60_000
const LOOK_EVERY_MS = 1_000
const STOP_MS = 5_000

export interface DispatcherParts {
  readonly store: Store
  readonly sender: WebhookSender
  /** Milliseconds of the epoch. */
  readonly now: () => number
  readonly random: () => number
  /** Told of every attempt that was recorded. */
  readonly onOutcome?: (outcome: DeliveryOutcome) => void
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}

/**
 * Empties the outbox. Any number of processes may do so beside one another: a delivery is claimed before it is tried, and a claim
 * that was left behind lapses. So a delivery comes at least once, under the same `webhook-id` each time.
 */
export class WebhookDispatcher {
  readonly #parts: DispatcherParts
  readonly #running = new Map<string, Set<Promise<void>>>()
  readonly #ending = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(parts: DispatcherParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
  }

  /** Begins what is due now, as far as there is room. One look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error) => this.#parts.log.error({ err: error }, 'the outbox of webhooks cannot be read'))
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  /** What was begun has come to its end. */
  async settled(): Promise<void> {
    await this.#looking
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].flatMap((set) => [...set]))
  }

  /** Begins nothing more; what takes too long is cut off and stays due. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    const force = setTimeout(() => this.#ending.abort(), STOP_MS)
    await this.settled()
    clearTimeout(force)
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    const now = new Date(this.#parts.now()).toISOString()
    // The one read of an idle second: the first entry of an index.
    const due = await this.#parts.store.deliveries.nextDueAt()
    if (due === undefined || due > now) return
    for (const stored of await this.#parts.store.webhooks.due(now)) await this.#begin(stored, now)
  }

  async #begin(stored: StoredWebhook, now: string): Promise<void> {
    const { id } = stored.webhook
    const room = AT_ONCE - (this.#running.get(id)?.size ?? 0)
    if (room <= 0 || this.#stopped) return
    const lease = { token: randomId(16), until: new Date(this.#parts.now() + LEASE_MS).toISOString() }
    for (const claimed of await this.#parts.store.deliveries.claim(id, now, lease, room)) this.#run(stored, claimed)
  }

  #run(stored: StoredWebhook, claimed: ClaimedDelivery): void {
    const { id } = stored.webhook
    const set = this.#running.get(id) ?? new Set()
    this.#running.set(id, set)
    const run: Promise<void> = this.#deliver(stored, claimed)
      .catch((error) => this.#parts.log.error({ err: error, webhook: id }, 'a delivery could not be recorded'))
      .finally(() => {
        set.delete(run)
        if (set.size === 0) this.#running.delete(id)
        // A place is free: a backlog is worked off as fast as the receiver takes it, not once a second.
        if (this.#timer !== undefined) void this.look()
      })
    set.add(run)
  }

  async #deliver(stored: StoredWebhook, claimed: ClaimedDelivery): Promise<void> {
    const attempt = await this.#attempt(stored, claimed)
    if (attempt === undefined) {
      // Whether it arrived is not known: at least once, so it is due at once for whoever looks next.
      return this.#parts.store.deliveries.release(claimed, new Date(this.#parts.now()).toISOString())
    }
    if (attempt.gone) return this.#disable(stored, claimed, attempt)
    const record = this.#record(claimed, attempt)
    if (await this.#parts.store.deliveries.finish(claimed, record)) this.#parts.onOutcome?.(record.state)
  }

  async #attempt(stored: StoredWebhook, claimed: ClaimedDelivery): Promise<Attempt | undefined> {
    try {
      const now = new Date(this.#parts.now())
      return await this.#parts.sender.send(stored, messageOf(claimed.event), now, this.#ending.signal)
    } catch (error) {
      if (this.#ending.signal.aborted) return undefined
      this.#parts.log.error({ err: error, webhook: stored.webhook.id }, 'a delivery could not be made')
      const detail = 'Octroi could not make the delivery; its log says why.'
      return { ok: false, gone: false, status: null, detail, retryAfterMs: undefined, ms: 0 }
    }
  }

  #record(claimed: ClaimedDelivery, { ok, status, detail, retryAfterMs }: Attempt): AttemptRecord {
    const now = this.#parts.now()
    const at = new Date(now).toISOString()
    if (ok) return { state: 'delivered', at, due_at: null, status, error: null }
    const next = nextAttemptAt(claimed.attempts + 1, now, retryAfterMs, this.#parts.random)
    if (next === null) return { state: 'failed', at, due_at: null, status, error: detail }
    return { state: 'waiting', at, due_at: new Date(next).toISOString(), status, error: detail }
  }

  /** 410: nothing more is sent there until somebody says so. Only of the address that answered it. */
  async #disable({ webhook }: StoredWebhook, claimed: ClaimedDelivery, attempt: Attempt): Promise<void> {
    const at = new Date(this.#parts.now()).toISOString()
    const reason = 'The receiver answered 410 Gone.'
    const isRecorded = await this.#parts.store.transaction(async (store) => {
      const record = { state: 'failed', at, due_at: null, status: attempt.status, error: attempt.detail } as const
      if (!(await store.deliveries.finish(claimed, record))) return false
      const now = await store.webhooks.get(webhook.id)
      if (now === undefined || now.webhook.state !== 'active' || now.webhook.url !== webhook.url) return true
      const disabled = { ...now.webhook, state: 'disabled' as const, state_reason: reason, state_since: at }
      await store.webhooks.update({ ...disabled, updated_at: at }, now.sealed)
      await store.deliveries.cancel(webhook.id, at)
      await store.events.insert(newEvent('webhook.disabled', `webhook:${webhook.id}`, { reason }, new Date(at)))
      return true
    })
    if (isRecorded) this.#parts.onOutcome?.('failed')
    this.#parts.log.warn({ webhook: webhook.id }, 'a webhook was disabled: its receiver answered 410')
  }
}
