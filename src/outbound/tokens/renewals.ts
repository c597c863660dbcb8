import { setTimeout as wait } from 'node:timers/promises'
import { OctroiError } from '../../core/errors.ts'
import type { Token } from '../../core/types.ts'
import { type Held, openHeld, secretsOf } from '../connections/held.ts'
import type { Sought, Target, TokenStatus } from '../connections/targets.ts'
import type { StepRequest } from '../exchange.ts'
import { stepFetch } from '../network/step_fetch.ts'
import { tokenOf } from './lifetime.ts'
import { Renewal } from './renewal.ts'
import { RenewalFailures } from './renewal_failures.ts'
import {
  type Asking,
  iso,
  type ObtainTerms,
  RENEWAL_TIMES,
  type RenewalCause,
  type RenewalParts,
  type RenewalTimes,
} from './renewal_parts.ts'
import { TokenBudget } from './token_budget.ts'
import { TokenUse } from './token_use.ts'

/** Connections in use that are renewed ahead of time at once; the next call of one that found no place tries again. */
const AHEAD_AT_ONCE = 32
/** What is due and cannot even be opened is looked at again so much later. */
const UNUSABLE_MS = 300_000

interface Running {
  readonly asking: Asking
  readonly promise: Promise<Target | undefined>
}

/**
 * Keeps tokens fresh: who waits for which renewal. One at a time per connection: in this process by sharing the promise, across
 * processes by a lease in the store (`renewal.ts`).
 */
export class Renewals {
  readonly #parts: RenewalParts
  readonly #times: RenewalTimes
  readonly #random: () => number
  readonly #running = new Map<string, Running>()
  readonly #failures: RenewalFailures
  readonly #budget: TokenBudget
  readonly #use = new TokenUse()
  readonly #renewal: Renewal
  readonly #ending = new AbortController()

  constructor(parts: RenewalParts) {
    this.#parts = parts
    this.#times = { ...RENEWAL_TIMES, ...parts.times }
    this.#random = parts.random ?? Math.random
    this.#failures = new RenewalFailures(parts.store, parts.health, parts.now)
    this.#budget = new TokenBudget(parts.now)
    this.#renewal = new Renewal({
      ...parts,
      times: this.#times,
      failures: this.#failures,
      use: this.#use,
      spread: this.#random,
      ending: this.#ending.signal,
      obtain: (held, terms) => this.obtain(held, terms),
    })
  }

  /** On the hot path: at once where the token is good, and a renewal in the background where it will soon end. */
  ready(sought: Sought): Target | Promise<Target> {
    const { token } = sought
    if (token === null) return sought as Target
    const now = this.#parts.now()
    if (!sought.ready || now >= this.#use.usableUntil(sought)) return this.#demand(sought)
    if (token.idleMs !== null) this.#use.note(sought.connection.id, now)
    else if (now >= token.renewAt) this.#ahead(sought.connection.id, token.version)
    return sought
  }

  /** The service refused the token: another one, unless refusals caused a renewal just now (D19). */
  async refused(target: Target): Promise<Target | undefined> {
    if (target.token === null) return undefined
    return this.renew(target.connection.id, 'refused', target.token.version)
  }

  /**
   * The connection with another token than the one of version `seen`. Throws `reconnect_required` when a person must act,
   * `upstream_*` when the service is in trouble. `undefined`: refusals may not cause a renewal now.
   */
  async renew(id: string, cause: RenewalCause, seen: number): Promise<Target | undefined> {
    const running = this.#running.get(id)
    if (running === undefined) return this.#begin(id, cause, seen)
    if (cause !== 'due') running.asking.isMissed = true
    const target = await running.promise
    // It was about another token, or only made ahead of time while another process was at it.
    const isMine = target === undefined ? running.asking.cause === cause : target.token?.version !== seen
    return isMine ? target : this.renew(id, cause, seen)
  }

  #begin(id: string, cause: RenewalCause, seen: number): Promise<Target | undefined> {
    const asking = { id, cause, seen, isMissed: cause !== 'due' }
    const promise = this.#renewal.run(asking).finally(() => this.#running.delete(id))
    this.#running.set(id, { asking, promise })
    return promise
  }

  /** A token of what is held. By itself it saves nothing: so a connection is tried that is not stored, or not with these secrets. */
  async obtain(
    held: Held,
    { refusedAt = null, inBackground = false, until }: Partial<ObtainTerms> = {},
  ): Promise<Token> {
    const exchange = held.scheme.exchange
    if (exchange === undefined) throw new OctroiError('internal', `The scheme ${held.scheme.id} exchanges nothing.`)
    this.#budget.take(held, inBackground)
    const obtained = await exchange.run(secretsOf(held), this.context(held, until))
    const token = tokenOf(obtained, this.#parts.now(), refusedAt, this.#random())
    // A renewal that does not say whom it speaks for speaks for the one of before.
    return { ...token, identity: token.identity ?? held.token?.identity ?? null }
  }

  /** What exchanges are made with: requests under the connection's network policy, all together for a limited time. */
  context({ connection }: Held, until = this.#parts.now() + this.#times.exchange) {
    const { now, upstreams } = this.#parts
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(Math.max(0, until - now()))])
    const send = stepFetch(upstreams, connection.network, signal)
    return {
      now,
      fetch: async (request: StepRequest) => {
        // A process that was stopped for a while may have lost its lease: the refresh token that it sends now may be spent.
        if (now() >= until) throw new OctroiError('upstream_timeout', 'The service did not give a token in time.')
        return send(request)
      },
      wait: (ms: number) => wait(ms, undefined, { signal }),
    }
  }

  /**
   * A change of the connection's secrets, with no renewal under way: what the service has just given for the old ones must not be
   * lost on its way to the disk. Throws `busy` when a renewal does not come to its end.
   */
  async whileStill<T>(id: string, work: () => Promise<T>): Promise<T> {
    const { store, now } = this.#parts
    for (const until = now() + this.#times.still; now() < until; ) {
      await this.#idle(id, until - now())
      if ((await store.tokens.get(id)) === undefined) return work()
      const fence = await store.tokens.lease(id, iso(now()), iso(now() + this.#times.lease))
      if (fence !== undefined) return work().finally(() => store.tokens.release(id, fence))
      await wait(this.#times.poll)
    }
    throw new OctroiError('busy', 'The token of this connection is being renewed. Try again soon.', { retryAfter: 5 })
  }

  /** The end of what this process renews, or `ms`. */
  async #idle(id: string, ms: number): Promise<void> {
    const running = this.#running.get(id)
    if (running === undefined) return
    const late = new AbortController()
    const timer = wait(ms, undefined, { signal: late.signal }).catch(() => undefined)
    await Promise.race([running.promise.catch(() => undefined), timer])
    late.abort()
  }

  /** Renews in the background; a failure is noted by then, and met by whoever needs the token. */
  async renewDue(id: string, dueAt: string): Promise<void> {
    const { store, vault, catalogue, now } = this.#parts
    try {
      const stored = await store.connections.get(id)
      if (stored?.token == null) return
      const held = await openHeld(stored, vault, catalogue)
      const rests = this.#use.restsUntil(id, (held.token?.idle_s ?? 0) * 1000, now())
      if (rests !== undefined) await store.tokens.postpone(id, dueAt, iso(rests))
      else await this.renew(id, 'due', held.tokenVersion)
    } catch (error) {
      // What failed was noted and has another time by now; what never began must not be first in every round.
      await store.tokens.postpone(id, dueAt, iso(now() + UNUSABLE_MS))
      throw error
    }
  }

  /** Lets renewals under way come to their end: what the service gave must reach the disk. */
  async close(graceMs = 10_000): Promise<void> {
    const all = Promise.allSettled([...this.#running.values()].map(({ promise }) => promise))
    await Promise.race([all, wait(graceMs, undefined, { ref: false })])
    this.#ending.abort(new Error('Octroi stops'))
    await all
  }

  #ahead(id: string, seen: number): void {
    if (this.#running.size >= AHEAD_AT_ONCE || this.#running.has(id) || this.#failures.holdsOff(id)) return
    this.renew(id, 'due', seen).catch((error) => {
      this.#parts.log.info({ connection: id, reason: (error as Error).message }, 'a token could not be renewed ahead')
    })
  }

  /** A caller waits as long as for the service itself; the renewal goes on for the next one. */
  async #demand(sought: Sought): Promise<Target> {
    const { connection, firstByteMs } = sought
    const token = sought.token as TokenStatus
    const late = new AbortController()
    const tooLate = async () => {
      await wait(firstByteMs, undefined, { signal: late.signal, ref: false })
      throw new OctroiError('upstream_timeout', 'The service did not give a token in time.', { retryAfter: 5 })
    }
    try {
      const target = await Promise.race([this.renew(connection.id, 'demand', token.version), tooLate()])
      if (target !== undefined) return target
      throw new OctroiError('upstream_unreachable', 'There is no token for this connection now.', { retryAfter: 5 })
    } catch (error) {
      // Its very last moments: better than nothing.
      if (sought.ready && this.#parts.now() < token.expiresAt) return sought
      throw error
    } finally {
      late.abort()
    }
  }
}
