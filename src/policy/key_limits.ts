import { OctroiError } from '../core/errors.ts'
import type { ApiKey, RateLimit } from '../core/types.ts'

/** Counts requests in windows. */
export interface Limiter {
  /** 0 when the request may pass, else the seconds until the window ends. */
  take(key: string, limit: RateLimit, nowMs: number): number | Promise<number>
}

/** The limit that an operator gave a key: one bucket for every door. */
export class KeyLimits {
  readonly #limiter: Limiter

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  /** Counts this request against the key's limit. Throws `rate_limited`, or rejects with it. */
  count(key: ApiKey | null, nowMs: number): undefined | Promise<void> {
    const limit = key?.rate_limit ?? null
    if (key === null || limit === null) return undefined
    const wait = this.#limiter.take(key.id, limit, nowMs)
    if (wait instanceof Promise) return wait.then((seconds) => requireNoWait(seconds, limit))
    requireNoWait(wait, limit)
    return undefined
  }
}

function requireNoWait(seconds: number, { limit, window_s }: RateLimit): void {
  if (seconds === 0) return
  throw new OctroiError('rate_limited', `This key may make ${limit} requests in ${window_s} s.`, {
    retryAfter: seconds,
  })
}
