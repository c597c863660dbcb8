import { formatTime, parseTime } from '../../connectors/zoned_time.ts'

/** Dates as Tripletex counts them: a session ends at midnight in Norway at the start of its date. */

const DAY_MS = 24 * 3_600_000
const OSLO = 'Europe/Oslo'
const CET = '+01:00'

/** `YYYY-MM-DD`, so many days after today in Oslo. */
export function dateInOslo(now: number, days: number): string {
  const today = parseTime(formatTime(now, 'date', OSLO), 'date', 'UTC') ?? now
  return formatTime(today + days * DAY_MS, 'date', 'UTC')
}

/**
 * When a date begins in Norway, in epoch milliseconds; `undefined` for what is not a date. Tripletex says "midnight CET", and not
 * whether that is UTC+1 all the year or the time of Oslo: it is the earlier of both.
 */
export function startOfDate(date: string): number | undefined {
  const [oslo, cet] = [parseTime(date, 'date', OSLO), parseTime(date, 'date', CET)]
  return oslo === undefined || cet === undefined ? undefined : Math.min(oslo, cet)
}
