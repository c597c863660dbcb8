import type { RateLimit } from '../core/types.ts'

interface Window {
  readonly starts: number
  used: number
}

/**
 * Requests per key in windows that begin with a key's first request, exact in this process: taking a place and counting it are
 * one step, so parallel requests cannot pass together. One bucket per key, whatever the door. Memory is bounded by the keys that called in their last window.
 */
export class RateLimiter {
  readonly #windows = new Map<string, Window>()
  readonly #capacity: number

  constructor(capacity = 100_000) {
    this.#capacity = capacity
  }

  /** 0 when the request may pass, else the seconds until the window ends. */
  take(key: string, limit: RateLimit, nowMs: number): number {
    const length = limit.window_s * 1000
    let window = this.#windows.get(key)
    // A clock that was set back must not keep a window open for as long.
    if (window === undefined || nowMs < window.starts || nowMs - window.starts >= length) {
      window = { starts: nowMs, used: 0 }
      this.#windows.delete(key)
      this.#windows.set(key, window)
      this.#evict()
    }
    if (window.used >= limit.limit) return Math.max(1, Math.ceil((window.starts + length - nowMs) / 1000))
    window.used++
    return 0
  }

  /** Oldest windows go first when there are too many: forgetting one gives that key a new window, never a longer ban. */
  #evict(): void {
    if (this.#windows.size <= this.#capacity) return
    const oldest = this.#windows.keys().next().value
    if (oldest !== undefined) this.#windows.delete(oldest)
  }
}
