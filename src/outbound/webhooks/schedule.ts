const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Between one attempt and the next; the first attempt is made at once. Three days and some hours in all. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]

/** Up to so much later, so that what failed together does not come back together. */
const JITTER = 0.2
export const MAX_RETRY_AFTER_MS = 24 * HOUR

/**
 * When a delivery is tried again after `attempts` failures, in milliseconds of the epoch; `null`: never. The receiver may ask for
 * later (`Retry-After`), within bounds, not for sooner nor for more attempts.
 */
export function nextAttemptAt(
  attempts: number,
  now: number,
  retryAfterMs: number | undefined,
  random: () => number,
): number | null {
  const delay = RETRY_DELAYS_MS[attempts - 1]
  if (delay === undefined) return null
  const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)
  return Math.round(now + Math.max(delay * (1 + JITTER * random()), asked))
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); what is neither is ignored. */
export function retryAfterMs(value: string | readonly string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * SECOND
  const at = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
