const SECOND_MS = 1_000
const HOUR_MS = 3_600 * SECOND_MS

const FIRST_MS = 5 * SECOND_MS
const LONGEST_MS = HOUR_MS
/** How long an application is told for. What it keeps of a session that long has ended by itself, or it is down for good. */
export const TOLD_FOR_MS = 24 * HOUR_MS
/** Up to so much later, so that what failed together does not come back together. */
const JITTER = 0.2

/**
 * When an application is told again after `attempts` failures: 5 s, twice as long each time, an hour at most. Milliseconds of the epoch; null:
 * given up, for it was to be told a day ago.
 */
export function nextTryAt(
  attempts: number,
  { created, now }: { readonly created: number; readonly now: number },
  random: () => number,
): number | null {
  if (now - created >= TOLD_FOR_MS) return null
  const delay = Math.min(FIRST_MS * 2 ** Math.min(attempts - 1, 20), LONGEST_MS)
  return Math.round(now + delay * (1 + JITTER * random()))
}
