import { Generations } from '../core/generations.ts'

export interface Budget {
  readonly limit: number
  readonly lengthMs: number
}

interface Window {
  readonly starts: number
  used: number
}

/**
 * Counts in windows that begin with the first thing counted. Memory is bounded: what was not asked for the longest goes first, which gives
 * that one a new window.
 */
export class Windows {
  readonly #kept: Generations<string, Window>

  constructor(capacity: number) {
    this.#kept = new Generations(capacity)
  }

  /** Counts one more. 0 when it is within the budget, else the milliseconds until the window ends. */
  take(key: string, budget: Budget, nowMs: number): number {
    const waitMs = this.wait(key, budget, nowMs)
    if (waitMs > 0) return waitMs
    const window = this.#open(key, budget, nowMs)
    if (window === undefined) this.#kept.set(key, { starts: nowMs, used: 1 })
    else window.used++
    return 0
  }

  /** As `take`, without counting. */
  wait(key: string, budget: Budget, nowMs: number): number {
    const window = this.#open(key, budget, nowMs)
    if (window === undefined || window.used < budget.limit) return 0
    return Math.max(1, window.starts + budget.lengthMs - nowMs)
  }

  used(key: string): number {
    return this.#kept.get(key)?.used ?? 0
  }

  giveBack(key: string): void {
    const window = this.#kept.get(key)
    if (window !== undefined && window.used > 0) window.used--
  }

  /** A clock that was set back must not keep a window open for as long. */
  #open(key: string, { lengthMs }: Budget, nowMs: number): Window | undefined {
    const window = this.#kept.get(key)
    if (window === undefined || nowMs < window.starts || nowMs - window.starts >= lengthMs) return undefined
    return window
  }
}
