import { Generations } from '../core/generations.ts'
import type { ActivityStore } from '../core/stores.ts'
import type { RateLimit } from '../core/types.ts'
import type { Limiter } from './key_limits.ts'

type Places = Pick<ActivityStore, 'takePlaces'>

/** What this process holds of one key's window. */
interface Holding {
  readonly limit: RateLimit
  /** Places that were taken from the store and not given out yet. */
  left: number
  /** Milliseconds since the epoch; 0: no window is known. */
  endsAt: number
  /** The store had no more: nothing is asked again until the window ends. */
  exhausted: boolean
  /** Requests that wait for the answer of the store. */
  waiting: number
  asking: Promise<void> | undefined
}

/** A process takes a fiftieth of the limit at a time: what it does not use is lost, so each keeps at most 2 % from the others. */
const PORTIONS = 50
const CAPACITY = 50_000
/** A window that ends later than any could: the clock was set back. Requests that waited a moment have an older time, though. */
const SLACK_MS = 1_000

/**
 * One limit for all processes on one store. Places are taken from the store in portions, one question at a time for each key, and are
 * given out here: never more than the limit in a window, and at most 2 % fewer for each process.
 */
export class SharedRateLimiter implements Limiter {
  readonly #store: Places
  readonly #holdings = new Generations<string, Holding>(CAPACITY)

  constructor(store: Places) {
    this.#store = store
  }

  /** Rejects when the store does not answer: a limit that cannot be counted is not one that holds. */
  take(key: string, limit: RateLimit, nowMs: number): number | Promise<number> {
    const holding = this.#holding(key, limit)
    return this.#fromHand(holding, nowMs) ?? this.#fromStore(key, holding, nowMs)
  }

  #holding(key: string, limit: RateLimit): Holding {
    const known = this.#holdings.get(key)
    if (known !== undefined && known.limit.limit === limit.limit && known.limit.window_s === limit.window_s)
      return known
    // Another limit than before: places that were taken under the old one are not given out under the new.
    const holding = { limit, left: 0, endsAt: 0, exhausted: false, waiting: 0, asking: undefined }
    this.#holdings.set(key, holding)
    return holding
  }

  /** `undefined`: the store has to be asked. */
  #fromHand(holding: Holding, nowMs: number): number | undefined {
    if (nowMs >= holding.endsAt || holding.endsAt - nowMs > holding.limit.window_s * 1000 + SLACK_MS) return undefined
    if (holding.left > 0) {
      holding.left--
      return 0
    }
    return holding.exhausted ? Math.max(1, Math.ceil((holding.endsAt - nowMs) / 1000)) : undefined
  }

  /** Joins the question that is under way; asks again when its answer was for others. */
  async #fromStore(key: string, holding: Holding, nowMs: number): Promise<number> {
    holding.waiting++
    try {
      for (;;) {
        holding.asking ??= this.#ask(key, holding, nowMs).finally(() => {
          holding.asking = undefined
        })
        await holding.asking
        const answer = this.#fromHand(holding, nowMs)
        if (answer !== undefined) return answer
      }
    } finally {
      holding.waiting--
    }
  }

  async #ask(key: string, holding: Holding, nowMs: number): Promise<void> {
    const { limit } = holding
    // Those who wait use their places at once: only what is taken beyond them can be lost.
    const wanted = Math.max(holding.waiting, 1, Math.floor(limit.limit / PORTIONS))
    const { given, endsAt } = await this.#store.takePlaces(key, Math.min(wanted, limit.limit), limit, nowMs)
    holding.left = given
    holding.endsAt = endsAt
    holding.exhausted = given === 0
  }
}
