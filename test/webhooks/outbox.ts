import { createSecretKey, randomBytes } from 'node:crypto'
import { newEvent } from '../../src/core/events.ts'
import { PURPOSES } from '../../src/core/purposes.ts'
import type { Delivery, NetworkPolicy, Webhook } from '../../src/core/types.ts'
import { Upstreams } from '../../src/outbound/network/upstreams.ts'
import { WebhookDispatcher } from '../../src/outbound/webhooks/dispatcher.ts'
import { firstSecret, WebhookSecrets } from '../../src/outbound/webhooks/secrets.ts'
import { WebhookSender } from '../../src/outbound/webhooks/sender.ts'
import { newSigningKey } from '../../src/outbound/webhooks/signing.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { KeyRing } from '../../src/vault/vault.ts'

const NEAR: NetworkPolicy = { allow_private: true, allow_http: true }

/** An outbox with a clock that only moves when it is told to, and no timer. */
export class Outbox {
  readonly logged: string[] = []
  now = Date.parse('2026-01-01T00:00:00.000Z')
  readonly secrets: WebhookSecrets
  readonly #open: OpenStore
  readonly #upstreams: Upstreams[] = []

  private constructor(open: OpenStore, secrets: WebhookSecrets) {
    this.#open = open
    this.secrets = secrets
  }

  static async on(open: OpenStore): Promise<Outbox> {
    const ring = await KeyRing.create(open.store, createSecretKey(randomBytes(32)))
    return new Outbox(open, new WebhookSecrets(ring.sealer(PURPOSES.webhooks)))
  }

  /** One of any number of processes that empty it; on another handle of the store when given. */
  dispatcher(open = this.#open, timeoutMs = 15_000): WebhookDispatcher {
    const upstreams = new Upstreams(() => [])
    this.#upstreams.push(upstreams)
    const log = (fields: object, message: string) => void this.logged.push(`${message} ${JSON.stringify(fields)}`)
    return new WebhookDispatcher({
      store: open.store,
      sender: new WebhookSender(upstreams, this.secrets, timeoutMs),
      now: () => this.now,
      random: () => 0,
      log: { warn: log, error: log },
    })
  }

  /** Its secret. */
  async webhook(id: string, url: string, more: Partial<Webhook> = {}): Promise<string> {
    const at = new Date(this.now).toISOString()
    const webhook: Webhook = {
      ...{ id, name: id, url, types: ['*'], network: NEAR, created_by: null },
      ...{ state: 'active', state_reason: null, state_since: at, created_at: at, updated_at: at },
      ...more,
    }
    const key = newSigningKey()
    await this.#open.store.webhooks.insert(webhook, this.secrets.seal(webhook, firstSecret(key)))
    return key
  }

  /** The id of an event that happens now. */
  async event(data: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const event = newEvent('key.created', 'key:k1', data, new Date(this.now))
    await this.#open.store.events.insert(event)
    return event.id
  }

  async delivery(webhook: string, event: string): Promise<Delivery> {
    return (await this.#open.store.deliveries.get(webhook, event)) as Delivery
  }

  /** What is due is tried, to the end. */
  async round(dispatcher: WebhookDispatcher): Promise<void> {
    await dispatcher.look()
    await dispatcher.settled()
  }

  async close(): Promise<void> {
    await Promise.all(this.#upstreams.map((upstreams) => upstreams.close()))
  }
}
