import { setTimeout as wait } from 'node:timers/promises'
import { OctroiError } from '../../core/errors.ts'
import type { StoredConnection } from '../../core/stores.ts'
import type { Token } from '../../core/types.ts'
import { type Held, openHeld } from '../connections/held.ts'
import { needsPerson } from '../connections/needs_person.ts'
import type { Target } from '../connections/targets.ts'
import { durableNames, ExchangeError } from '../exchange.ts'
import { backoffMs, isSpent, spentToken } from './lifetime.ts'
import { kindOf, type RenewalFailures } from './renewal_failures.ts'
import {
  type Asking,
  iso,
  type ObtainTerms,
  type RenewalCause,
  type RenewalParts,
  type RenewalTimes,
} from './renewal_parts.ts'
import type { TokenUse } from './token_use.ts'

/** However many calls a service refuses, they cause a renewal at most so often (D19). */
const REFUSAL_EVERY_MS = 60_000
/** A result that could not be saved because the secrets were changed meanwhile is thrown away, and it begins again. */
const MAX_ATTEMPTS = 3

interface Makers extends RenewalParts {
  readonly failures: RenewalFailures
  readonly use: TokenUse
  readonly spread: () => number
  readonly times: RenewalTimes
  readonly ending: AbortSignal
  obtain(held: Held, terms: ObtainTerms): Promise<Token>
}

interface Lease {
  readonly fence: number
  /** Until when requests are sent: well before it lapses. */
  readonly until: number
  readonly isFirst: boolean
}

/**
 * One renewal, from the lease to the disk. The lease in the store keeps other processes out, and its fencing token is what every
 * save must show (D20): who lost the lease saves nothing. A new token is on disk before it signs anything.
 */
export class Renewal {
  readonly #makers: Makers
  /** When refusals last caused an attempt here; what is on disk tells of those that succeeded, wherever they were made. */
  readonly #refusedAt = new Map<string, number>()

  constructor(makers: Makers) {
    this.#makers = makers
  }

  /** `undefined`: refusals may not cause one now, or another process makes it and nobody waits. */
  async run(asking: Asking): Promise<Target | undefined> {
    const { store, now, times, failures } = this.#makers
    const { id, cause, seen } = asking
    const givesUpAt = now() + times.lease + times.exchange
    for (let attempts = 0; attempts < MAX_ATTEMPTS && now() < givesUpAt; ) {
      const before = await this.#stored(id)
      requireInService(before, cause)
      const fresh = await this.#byNow(before, seen)
      if (fresh !== undefined) return fresh
      const row = await store.tokens.get(id)
      if (row === undefined) await store.tokens.put(id, null, null)
      else if (cause !== 'asked')
        await failures.requireMayTry(before.connection, row, asking.isMissed && cause === 'due' ? 'demand' : cause)
      const at = now()
      const fence = await store.tokens.lease(id, iso(at), iso(at + times.lease))
      if (fence !== undefined) {
        const lease = { fence, until: at + times.exchange, isFirst: attempts++ === 0 }
        const outcome = await this.#underLease(asking, lease)
        if (outcome !== 'again') return outcome
      } else if (asking.isMissed) await this.#pause()
      else return undefined
    }
    const detail = 'The token of this connection is being changed by others.'
    throw new OctroiError('upstream_timeout', detail, { retryAfter: 5 })
  }

  async #pause(): Promise<void> {
    const { times, spread, ending } = this.#makers
    await wait(times.poll * (0.5 + spread()), undefined, { signal: ending }).catch(() => {
      throw new OctroiError('busy', 'Octroi is stopping.', { retryAfter: 5 })
    })
  }

  /** What another process has renewed meanwhile. */
  async #byNow(stored: StoredConnection, seen: number): Promise<Target | undefined> {
    if (stored.token === null || stored.token.version === seen) return undefined
    const sought = await this.#makers.targets.build(stored)
    return sought.ready && this.#makers.now() < this.#makers.use.usableUntil(sought) ? sought : undefined
  }

  async #underLease(asking: Asking, { fence, until, isFirst }: Lease): Promise<Target | undefined | 'again'> {
    const { store, vault, catalogue } = this.#makers
    const { id, cause, seen } = asking
    let failures = 0
    let isStillGood = false
    let obtained: { stored: StoredConnection; held: Held; token: Token }
    try {
      const stored = await this.#stored(id)
      const fresh = await this.#byNow(stored, seen)
      const held = await openHeld(stored, vault, catalogue)
      if (fresh !== undefined || (cause === 'refused' && this.#refusedLately(held))) {
        await store.tokens.release(id, fence)
        return fresh
      }
      isStillGood = cause === 'due' && !asking.isMissed && isGood(held.token, this.#makers.now())
      failures = (await store.tokens.get(id))?.failures ?? 0
      obtained = { stored, held, token: await this.#exchange(held, asking, until) }
    } catch (error) {
      if (isFirst && isHuman(error) && (await this.#switchedOver(id, fence))) return 'again'
      return this.#failed(asking, fence, { failures, isStillGood }, error)
    }
    const { stored, held, token } = obtained
    return this.#save(stored, held, token, { fence, hadFailed: failures > 0 })
  }

  #exchange(held: Held, { id, cause, isMissed }: Asking, until: number): Promise<Token> {
    const { obtain, now } = this.#makers
    const refusedAt = held.token?.refused_at ?? null
    if (cause !== 'refused') return obtain(held, { refusedAt, inBackground: !isMissed, until })
    this.#refusedAt.set(id, now())
    // A token that was refused is worth nothing, whatever its time: only what outlives it is used.
    const token = spentToken(held.token, durableNames(held.scheme.exchange, held.connector), now())
    return obtain({ ...held, token }, { refusedAt: iso(now()), inBackground: false, until })
  }

  async #save(
    stored: StoredConnection,
    held: Held,
    token: Token,
    { fence, hadFailed }: { fence: number; hadFailed: boolean },
  ): Promise<Target | 'again'> {
    const { vault, targets, health, failures, use } = this.#makers
    const { connection, dataKey, sealed } = stored
    // What the secrets were sealed for, not what an application adds to it.
    const text = await vault.sealToken(dataKey, connection, token, sealed.version)
    const version = await this.#toDisk(connection.id, fence, sealed.version, text, token.renew_at)
    if (version === undefined) return 'again'
    this.#makers.onOutcome?.('renewed')
    failures.forget(connection.id)
    use.forget(connection.id)
    // What calls found out of the service itself is for a call to mend: a new token says nothing of that.
    if (hadFailed && connection.state !== 'ready') await health.mark(connection.id, 'ready', null)
    return targets.target({ ...held, token, tokenVersion: version })
  }

  /** What the service gave cannot be asked for again where it rotates: a store that is busy is waited for. */
  async #toDisk(
    id: string,
    fence: number,
    secretsVersion: number,
    sealed: string,
    dueAt: string | null,
  ): Promise<number | undefined> {
    const { store, now, times } = this.#makers
    const until = now() + times.save
    for (;;) {
      try {
        return await store.tokens.save(id, fence, secretsVersion, sealed, dueAt)
      } catch (error) {
        if (now() > until) throw error
        await wait(200)
      }
    }
  }

  async #failed(
    { id, isMissed }: Asking,
    fence: number,
    { failures, isStillGood }: { failures: number; isStillGood: boolean },
    error: unknown,
  ): Promise<never> {
    this.#makers.onOutcome?.(kindOf(error))
    throw await this.#makers.failures.note(id, fence, error, {
      inARow: failures + 1,
      backoffMs: backoffMs(failures + 1, this.#makers.spread()),
      isMissed,
      isStillGood,
    })
  }

  /** The service has done with the current secrets: perhaps it takes those that the connection changes over to. */
  async #switchedOver(id: string, fence: number): Promise<boolean> {
    const switched = await this.#makers.health.switchOver(id, 'refused')
    if (switched) await this.#makers.store.tokens.release(id, fence)
    return switched
  }

  #refusedLately({ connection, token }: Held): boolean {
    const onDisk = token?.refused_at == null ? undefined : Date.parse(token.refused_at)
    // A time that is far to come was noted by a clock that has been set back since.
    return [onDisk, this.#refusedAt.get(connection.id)].some(
      (at) => at !== undefined && Math.abs(this.#makers.now() - at) < REFUSAL_EVERY_MS,
    )
  }

  async #stored(id: string): Promise<StoredConnection> {
    const stored = await this.#makers.store.connections.get(id)
    if (stored === undefined) throw new OctroiError('not_found', `There is no connection ${id}.`)
    return stored
  }
}

/** What a restore took out of service stays out of it (D15); a person may try whether the service has changed its mind. */
function requireInService({ connection }: StoredConnection, cause: RenewalCause): void {
  const { id, state, state_reason } = connection
  if (state === 'ready' || state === 'degraded' || (cause === 'asked' && state === 'reconnect_required')) return
  throw needsPerson(id, state_reason ?? `it is ${state}`)
}

function isHuman(error: unknown): boolean {
  return error instanceof ExchangeError
    ? error.kind === 'human'
    : error instanceof OctroiError && error.code === 'reconnect_required'
}

function isGood(token: Token | null, now: number): boolean {
  if (token === null || isSpent(token)) return false
  return token.expires_at === null || now < Date.parse(token.expires_at)
}
