import { asOctroiError, OctroiError } from '../../core/errors.ts'
import type { Store } from '../../core/stores.ts'
import type { TokenRow } from '../../core/token_stores.ts'
import type { Connection } from '../../core/types.ts'
import type { ConnectionHealth } from '../connections/health.ts'
import { needsPerson, sentence } from '../connections/needs_person.ts'
import { ExchangeError } from '../exchange.ts'

/** While nobody waits for the token, so many failures in a row are nobody's trouble yet. */
const QUIET_FAILURES = 2
const LIMITED_MS = 60_000
const LIMITED_MAX_MS = 3_600_000
/** Callers who wait are worth a try at least so often, whatever the background has decided. */
const DEMAND_EVERY_MS = 15_000

interface Failing {
  readonly inARow: number
  readonly backoffMs: number
  /** A caller goes without. */
  readonly isMissed: boolean
  /** The token that should have been renewed still works. */
  readonly isStillGood: boolean
}

interface LastFailure {
  readonly at: number
  readonly error: OctroiError
}

/** What follows from a renewal that failed: when it is tried again, what callers are told until then, what the state becomes. */
export class RenewalFailures {
  readonly #store: Store
  readonly #health: ConnectionHealth
  readonly #now: () => number
  readonly #last = new Map<string, LastFailure>()

  constructor(store: Store, health: ConnectionHealth, now: () => number) {
    this.#store = store
    this.#health = health
    this.#now = now
  }

  /** Returns what the caller is told. */
  async note(
    id: string,
    fence: number,
    error: unknown,
    { inARow, backoffMs, isMissed, isStillGood }: Failing,
  ): Promise<OctroiError> {
    const kind = kindOf(error)
    const told = toldOf(id, error, kind)
    if (kind === 'human') {
      // Nobody asks the service again before a person has acted; what it gave before is used as long as it lasts.
      const state = isStillGood ? 'degraded' : 'reconnect_required'
      const reason = isStillGood ? `${sentence(detailOf(error))} ${LASTS}` : detailOf(error)
      if (await this.#store.tokens.fail(id, fence, null)) await this.#health.mark(id, state, reason)
      this.#last.set(id, { at: this.#now(), error: told })
      return told
    }
    const pause = kind === 'limited' ? limitedMs(error) : backoffMs
    const held = await this.#store.tokens.fail(id, fence, new Date(this.#now() + pause).toISOString())
    if (held && (isMissed || inARow > QUIET_FAILURES)) await this.#health.mark(id, 'degraded', detailOf(error))
    const failure = new OctroiError(told.code, told.detail, { cause: error, retryAfter: Math.ceil(pause / 1000) })
    this.#last.set(id, { at: this.#now(), error: failure })
    return failure
  }

  forget(id: string): void {
    this.#last.delete(id)
  }

  /** Whether the background had better not ask now. */
  holdsOff(id: string): boolean {
    const last = this.#lastOf(id)
    return last !== undefined && this.#now() - last.at < (last.error.retryAfter ?? 0) * 1000
  }

  /** What failed at a time that is still to come failed by a clock that has been set back since. */
  #lastOf(id: string): LastFailure | undefined {
    const last = this.#last.get(id)
    return last !== undefined && last.at <= this.#now() ? last : undefined
  }

  /**
   * Throws what the last attempt came to while it is too early for another, or when only a person can make one succeed: the token
   * that outlived its renewal has now come to its end.
   */
  async requireMayTry(
    { id, state_reason }: Pick<Connection, 'id' | 'state_reason'>,
    row: TokenRow,
    cause: 'demand' | 'due' | 'refused',
  ): Promise<void> {
    if (isOver(row)) {
      const why = (state_reason ?? 'its token cannot be renewed.').replace(` ${LASTS}`, '')
      if (cause !== 'due') await this.#health.mark(id, 'reconnect_required', why)
      throw needsPerson(id, why)
    }
    if (row.failures === 0 || row.due_at === null || this.#now() >= Date.parse(row.due_at)) return
    const last = this.#lastOf(id)
    const isLimited = last?.error.cause instanceof ExchangeError && last.error.cause.kind === 'limited'
    if (cause !== 'due' && !isLimited && (last === undefined || this.#now() - last.at >= DEMAND_EVERY_MS)) return
    const retryAfter = Math.max(1, Math.ceil((Date.parse(row.due_at) - this.#now()) / 1000))
    const { code, detail } = last?.error ?? UNKNOWN
    throw new OctroiError(code, detail, { cause: last?.error.cause, retryAfter })
  }
}

/** The service has refused for good. */
export function isOver({ failures, due_at }: Pick<TokenRow, 'failures' | 'due_at'>): boolean {
  return failures > 0 && due_at === null
}

const LASTS = 'Its token works until it ends.'

const UNKNOWN = new OctroiError('upstream_unreachable', 'The token could not be renewed; it is tried again soon.')

export function kindOf(error: unknown): 'human' | 'transient' | 'limited' {
  if (error instanceof ExchangeError) return error.kind
  if (error instanceof OctroiError && ['reconnect_required', 'invalid_request'].includes(error.code)) return 'human'
  return 'transient'
}

function toldOf(id: string, error: unknown, kind: 'human' | 'transient' | 'limited'): OctroiError {
  if (kind === 'human') return needsPerson(id, detailOf(error), error)
  if (error instanceof ExchangeError)
    return new OctroiError('upstream_unreachable', `There is no token for this connection now: ${error.detail}`)
  return asOctroiError(error)
}

function detailOf(error: unknown): string {
  if (error instanceof ExchangeError || error instanceof OctroiError) return error.detail
  return 'The token could not be renewed.'
}

function limitedMs(error: unknown): number {
  const asked = error instanceof ExchangeError ? error.retryAfter : undefined
  return asked === undefined ? LIMITED_MS : Math.min(Math.max(asked * 1000, 1000), LIMITED_MAX_MS)
}
