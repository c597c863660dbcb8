import { setTimeout as wait } from 'node:timers/promises'
import { OctroiError } from '../core/errors.ts'
import type { Store, StoredConnection } from '../core/stores.ts'
import type { Token } from '../core/types.ts'
import type { Vault } from '../core/vault.ts'
import type { Catalogue } from './catalogue.ts'
import { durableNames, ExchangeError } from './exchange.ts'
import type { ConnectionHealth } from './health.ts'
import { type Held, openHeld, secretsOf } from './held.ts'
import { backoffMs, spentToken, tokenOf, usableUntil } from './lifetime.ts'
import { RenewalFailures } from './renewal_failures.ts'
import { stepFetch } from './step_fetch.ts'
import type { Sought, Target, Targets, TokenStatus } from './targets.ts'
import { TokenBudget } from './token_budget.ts'
import type { Upstreams } from './upstreams.ts'

export interface RenewalParts {
  readonly store: Store
  readonly vault: Vault
  readonly catalogue: Catalogue
  readonly upstreams: Upstreams
  readonly targets: Targets
  readonly health: ConnectionHealth
  readonly log: { error(fields: object, message: string): void; info(fields: object, message: string): void }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly random?: () => number
}

/** `demand`: a call waits for it; `due`: ahead of its end; `refused`: the service refused the token; `asked`: by an operator. */
export type RenewalCause = 'demand' | 'due' | 'refused' | 'asked'

/** All steps of one exchange together. */
const EXCHANGE_MS = 45_000
/** Longer than any exchange takes, so that a lease only lapses when its holder is gone. */
const LEASE_MS = 60_000
const REFUSAL_EVERY_MS = 60_000
/** Waiting for a renewal that another process makes. */
const POLL_MS = 150
const SAVE_FOR_MS = 10_000
const STILL_MS = 20_000
/** A result that could not be saved because the secrets were changed meanwhile is thrown away, and it begins again. */
const MAX_ATTEMPTS = 3

/**
 * Keeps tokens fresh. One renewal at a time per connection: in this process by sharing the promise, across processes by a lease in
 * the store whose fencing token every save must show (D20). A new token is on disk before it signs anything.
 */
export class Renewals {
  readonly #parts: RenewalParts
  readonly #random: () => number
  readonly #running = new Map<string, Promise<Target | undefined>>()
  readonly #failures: RenewalFailures
  readonly #budget: TokenBudget
  /** When connections whose tokens live by being used were last used. */
  readonly #used = new Map<string, number>()
  readonly #ending = new AbortController()

  constructor(parts: RenewalParts) {
    this.#parts = parts
    this.#random = parts.random ?? Math.random
    this.#failures = new RenewalFailures(parts.store, parts.health, parts.now)
    this.#budget = new TokenBudget(parts.now)
  }

  /** On the hot path: at once where the token is good, and a renewal in the background where it will soon end. */
  ready(sought: Sought): Target | Promise<Target> {
    const { token } = sought
    if (token === null) return sought as Target
    const now = this.#parts.now()
    if (!sought.ready || now >= this.#usableUntil(sought, token)) return this.#demand(sought)
    if (token.idleMs !== null) this.#used.set(sought.connection.id, now)
    else if (now >= token.renewAt) this.#inBackground(sought.connection.id, token.version)
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
  renew(id: string, cause: RenewalCause, seen: number): Promise<Target | undefined> {
    const running = this.#running.get(id)
    if (running !== undefined) return running
    const renewal = this.#renew(id, cause, seen).finally(() => this.#running.delete(id))
    this.#running.set(id, renewal)
    return renewal
  }

  /** A token for a connection that is not stored, or not with these secrets: its trial. Nothing is saved. */
  async obtain(held: Held, refusedAt: string | null = null): Promise<Token> {
    const exchange = held.scheme.exchange
    if (exchange === undefined) throw new OctroiError('internal', `The scheme ${held.scheme.id} exchanges nothing.`)
    const obtained = await exchange.run(secretsOf(held), this.context(held))
    return tokenOf(obtained, this.#parts.now(), refusedAt, this.#random())
  }

  /** What exchanges are made with: requests under the connection's network policy, all together for a limited time. */
  context({ connection }: Held) {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(EXCHANGE_MS)])
    return {
      fetch: stepFetch(this.#parts.upstreams, connection.network, signal),
      now: this.#parts.now,
      wait: (ms: number) => wait(ms, undefined, { signal }),
    }
  }

  /**
   * A change of the connection's secrets, with no renewal under way: what the service has just given for the old ones must not be
   * lost on its way to the disk. Throws `busy` when a renewal does not come to its end.
   */
  async whileStill<T>(id: string, work: () => Promise<T>): Promise<T> {
    const { store, now } = this.#parts
    for (const until = now() + STILL_MS; now() < until; ) {
      await this.#running.get(id)?.catch(() => undefined)
      if ((await store.tokens.get(id)) === undefined) return work()
      const fence = await store.tokens.lease(id, iso(now()), iso(now() + LEASE_MS))
      if (fence !== undefined) return work().finally(() => store.tokens.release(id, fence))
      await wait(POLL_MS)
    }
    throw new OctroiError('busy', 'The token of this connection is being renewed. Try again soon.', { retryAfter: 5 })
  }

  /** Renews in the background; a failure is noted by then, and met by whoever needs the token. */
  async renewDue(id: string, dueAt: string): Promise<void> {
    const used = this.#used.get(id)
    const stored = await this.#parts.store.connections.get(id)
    if (stored?.token == null) return
    const held = await openHeld(stored, this.#parts.vault, this.#parts.catalogue)
    const idleMs = (held.token?.idle_s ?? 0) * 1000
    // What lives by being used and was used needs nothing.
    if (used !== undefined && idleMs > 0 && used + idleMs / 2 > this.#parts.now()) {
      await this.#parts.store.tokens.postpone(id, dueAt, new Date(used + idleMs * 0.75).toISOString())
      return
    }
    await this.renew(id, 'due', held.tokenVersion)
  }

  /** Lets renewals under way come to their end: what the service gave must reach the disk. */
  async close(graceMs = 10_000): Promise<void> {
    const all = Promise.allSettled([...this.#running.values()])
    await Promise.race([all, wait(graceMs, undefined, { ref: false })])
    this.#ending.abort(new Error('Octroi stops'))
    await all
  }

  #usableUntil({ connection }: Sought, { obtainedAt, expiresAt, idleMs, endsAt }: TokenStatus): number {
    const used = idleMs === null ? undefined : this.#used.get(connection.id)
    if (idleMs === null || used === undefined) return usableUntil(obtainedAt, expiresAt)
    const idle = Math.max(usableUntil(obtainedAt, expiresAt), usableUntil(used, used + idleMs))
    return Math.min(idle, usableUntil(obtainedAt, endsAt))
  }

  #inBackground(id: string, seen: number): void {
    if (this.#running.has(id) || this.#failures.holdsOff(id)) return
    this.renew(id, 'due', seen).catch((error) => {
      this.#parts.log.info({ connection: id, reason: (error as Error).message }, 'a token could not be renewed ahead')
    })
  }

  /** A caller waits as long as for the service itself; the renewal goes on for the next one. */
  async #demand(sought: Sought): Promise<Target> {
    const { connection, token, firstByteMs } = sought
    const renewal = this.renew(connection.id, 'demand', (token as TokenStatus).version)
    const late = new AbortController()
    try {
      const target = await Promise.race([
        renewal,
        wait(firstByteMs, undefined, { signal: late.signal, ref: false }).then(() => {
          throw new OctroiError('upstream_timeout', 'The service did not give a token in time.', { retryAfter: 5 })
        }),
      ])
      if (target !== undefined) return target
      throw new OctroiError('upstream_unreachable', 'There is no token for this connection now.', { retryAfter: 5 })
    } catch (error) {
      renewal.catch(() => undefined)
      // Its very last moments: better than nothing.
      if (sought.ready && this.#parts.now() < (token as TokenStatus).expiresAt) return sought
      throw error
    } finally {
      late.abort()
    }
  }

  async #renew(id: string, cause: RenewalCause, seen: number): Promise<Target | undefined> {
    const { store, now } = this.#parts
    const givesUpAt = now() + LEASE_MS + EXCHANGE_MS
    for (let attempts = 0; attempts < MAX_ATTEMPTS && now() < givesUpAt; ) {
      const before = await this.#stored(id)
      requireInService(before, cause)
      const fresh = await this.#byNow(before, seen)
      if (fresh !== undefined) return fresh
      const row = await store.tokens.get(id)
      if (row === undefined) await store.tokens.put(id, null, null)
      else if (cause !== 'asked') this.#failures.requireMayTry(id, row, cause)
      const fence = await store.tokens.lease(id, iso(now()), iso(now() + LEASE_MS))
      if (fence === undefined) await wait(POLL_MS * (0.5 + this.#random()), undefined, { signal: this.#ending.signal })
      else {
        const outcome = await this.#underLease(id, cause, seen, fence, attempts++ === 0)
        if (outcome !== 'again') return outcome
      }
    }
    throw new OctroiError('upstream_timeout', 'The token of this connection is being changed by others.', {
      retryAfter: 5,
    })
  }

  /** What another process has renewed meanwhile. */
  async #byNow(stored: StoredConnection, seen: number): Promise<Target | undefined> {
    if (stored.token === null || stored.token.version === seen) return undefined
    const sought = await this.#parts.targets.build(stored)
    if (!sought.ready || sought.token === null) return undefined
    return this.#parts.now() < this.#usableUntil(sought, sought.token) ? sought : undefined
  }

  async #underLease(
    id: string,
    cause: RenewalCause,
    seen: number,
    fence: number,
    isFirst: boolean,
  ): Promise<Target | undefined | 'again'> {
    const { store, vault, catalogue } = this.#parts
    let failures = 0
    try {
      const stored = await this.#stored(id)
      const fresh = await this.#byNow(stored, seen)
      const held = await openHeld(stored, vault, catalogue)
      const tooSoon = cause === 'refused' && this.#refusedLately(held.token)
      if (fresh !== undefined || tooSoon) {
        await store.tokens.release(id, fence)
        return fresh
      }
      failures = (await store.tokens.get(id))?.failures ?? 0
      this.#budget.take(held, cause === 'due')
      const token = await this.#exchange(held, cause)
      return await this.#save(stored, held, token, fence)
    } catch (error) {
      if (isFirst && isHuman(error) && (await this.#switchedOver(id, fence))) return 'again'
      return this.#failed(id, fence, failures, error, cause)
    }
  }

  async #exchange(held: Held, cause: RenewalCause): Promise<Token> {
    const now = this.#parts.now()
    if (cause !== 'refused') return this.obtain(held, held.token?.refused_at ?? null)
    // A token that was refused is worth nothing, whatever its time: only what outlives it is used.
    const { exchange } = held.scheme
    const durable = exchange === undefined ? [] : durableNames(exchange, held.connector)
    const token = spentToken(held.token, durable, now)
    return this.obtain({ ...held, token }, iso(now))
  }

  async #save(stored: StoredConnection, held: Held, token: Token, fence: number): Promise<Target | 'again'> {
    const { vault, targets, health } = this.#parts
    const { id } = stored.connection
    // What the secrets were sealed for, not what an application adds to it.
    const sealed = await vault.sealToken(stored.dataKey, stored.connection, token, stored.sealed.version)
    if (!(await this.#toDisk(id, fence, stored.sealed.version, sealed, token.renew_at))) return 'again'
    this.#failures.forget(id)
    this.#used.delete(id)
    const { state } = stored.connection
    if (state === 'degraded' || state === 'reconnect_required') await health.mark(id, 'ready', null)
    const { version } = (await this.#stored(id)).token ?? { version: 0 }
    return targets.target({ ...held, token, tokenVersion: version })
  }

  /** What the service gave cannot be asked for again where it rotates: a store that is busy is waited for. */
  async #toDisk(
    id: string,
    fence: number,
    secretsVersion: number,
    sealed: string,
    dueAt: string | null,
  ): Promise<boolean> {
    const until = this.#parts.now() + SAVE_FOR_MS
    for (;;) {
      try {
        return await this.#parts.store.tokens.save(id, fence, secretsVersion, sealed, dueAt)
      } catch (error) {
        if (this.#parts.now() > until) throw error
        await wait(200)
      }
    }
  }

  async #failed(id: string, fence: number, failures: number, error: unknown, cause: RenewalCause): Promise<never> {
    throw await this.#failures.note(id, fence, error, {
      inARow: failures + 1,
      backoffMs: backoffMs(failures + 1, this.#random()),
      isMissed: cause !== 'due',
    })
  }

  /** The service has done with the current secrets: perhaps it takes those that the connection changes over to. */
  async #switchedOver(id: string, fence: number): Promise<boolean> {
    const switched = await this.#parts.health.switchOver(id, 'refused')
    if (switched) await this.#parts.store.tokens.release(id, fence)
    return switched
  }

  #refusedLately(token: Token | null): boolean {
    return token?.refused_at != null && this.#parts.now() - Date.parse(token.refused_at) < REFUSAL_EVERY_MS
  }

  async #stored(id: string): Promise<StoredConnection> {
    const stored = await this.#parts.store.connections.get(id)
    if (stored === undefined) throw new OctroiError('not_found', `There is no connection ${id}.`)
    return stored
  }
}

/** What a restore took out of service stays out of it (D15); a person may try whether the service has changed its mind. */
function requireInService({ connection }: StoredConnection, cause: RenewalCause): void {
  const { id, state, state_reason } = connection
  if (state === 'ready' || state === 'degraded' || (cause === 'asked' && state === 'reconnect_required')) return
  throw new OctroiError(
    'reconnect_required',
    `The connection ${id} needs a person: ${state_reason ?? `it is ${state}`}.`,
    {
      retryAfter: 60,
    },
  )
}

function isHuman(error: unknown): boolean {
  return error instanceof ExchangeError
    ? error.kind === 'human'
    : error instanceof OctroiError && error.code === 'reconnect_required'
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
