import type { Held } from '../connections/held.ts'
import { ExchangeError } from '../exchange.ts'

/** What the background leaves to those who wait for a token. */
const BACKGROUND_SHARE = 0.8
/** What one connection may take of what all that use one application are allowed: a tenant must not use up what is the others'. */
const TENANT_SHARE = 0.25

interface Taken {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The connection. */
  readonly id: string
}

/**
 * Keeps within what a service allows of token requests (`token_requests`; HelloAsso: 50 an hour per client). Counted per
 * client at the service, in this process; a 429 says the rest.
 */
export class TokenBudget {
  readonly #now: () => number
  readonly #taken = new Map<string, readonly Taken[]>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws `ExchangeError` `limited` when nothing is left. */
  take(held: Held, inBackground: boolean): void {
    const limit = held.connector.token_requests
    if (limit === undefined) return
    const { id, app } = held.connection
    // Whoever names a client of others without its secret must not count as one of them.
    const key = JSON.stringify([held.connector.id, app, held.secrets.client_id ?? id])
    const since = this.#now() - limit.window_s * 1000
    const taken = (this.#taken.get(key) ?? []).filter(({ at }) => at > since)
    requireLeft(taken, inBackground ? Math.floor(limit.limit * BACKGROUND_SHARE) : limit.limit, since)
    const own = taken.filter((one) => one.id === id)
    if (app !== null) requireLeft(own, Math.max(1, Math.floor(limit.limit * TENANT_SHARE)), since)
    this.#taken.set(key, [...taken, { at: this.#now(), id }])
  }
}

function requireLeft(taken: readonly Taken[], allowed: number, since: number): void {
  const [oldest] = taken
  if (oldest === undefined || taken.length < allowed) return
  const retryAfter = Math.ceil((oldest.at - since) / 1000) + 1
  throw new ExchangeError('limited', 'The service allows no more requests for tokens now.', { retryAfter })
}
