import { ExchangeError } from './exchange.ts'
import type { Held } from './held.ts'

/** What the background leaves to those who wait for a token. */
const BACKGROUND_SHARE = 0.8

/**
 * Keeps within what a service allows of token requests (`token_requests`; HelloAsso: 50 an hour per client). Counted per
 * client at the service, in this process; a 429 says the rest.
 */
export class TokenBudget {
  readonly #now: () => number
  readonly #taken = new Map<string, number[]>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws `ExchangeError` `limited` when nothing is left. */
  take(held: Held, inBackground: boolean): void {
    const limit = held.connector.token_requests
    if (limit === undefined) return
    const key = `${held.connector.id} ${held.secrets.client_id ?? held.connection.id}`
    const since = this.#now() - limit.window_s * 1000
    const taken = (this.#taken.get(key) ?? []).filter((at) => at > since)
    const allowed = inBackground ? Math.floor(limit.limit * BACKGROUND_SHARE) : limit.limit
    const [oldest] = taken
    if (oldest !== undefined && taken.length >= allowed) {
      const retryAfter = Math.ceil((oldest - since) / 1000) + 1
      throw new ExchangeError('limited', 'The service allows no more requests for tokens now.', { retryAfter })
    }
    this.#taken.set(key, [...taken, this.#now()])
  }
}
