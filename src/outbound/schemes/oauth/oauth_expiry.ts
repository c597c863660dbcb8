/** When a token ends, out of what services write: seconds, milliseconds, strings, dates, nothing, nonsense. */

export const UNITS = ['s', 'ms', 'min', 'h'] as const
export type Unit = (typeof UNITS)[number]

const MILLISECONDS: Readonly<Record<Unit, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }
const TEN_YEARS = 10 * 365 * 24 * 3_600_000
/** Below: seconds (until the year 5138). From there on: milliseconds (since 1973). */
const SECONDS_END = 100_000_000_000

export interface StatedEnd {
  /** How long from now, in `unit`. */
  readonly in?: string | undefined
  /** A point in time: seconds or milliseconds since the epoch, or a date. It wins over `in`. */
  readonly at?: string | undefined
  readonly unit: Unit
  /** Seconds, where the service says nothing usable. */
  readonly otherwise?: number | undefined
}

/**
 * Milliseconds since the epoch, `null` when nobody knows. An end that is not after `now`, or more than ten years off, says nothing:
 * 0 and -1 mean "never" at some services, and a token that was born dead would be renewed without end.
 */
export function endOf(stated: StatedEnd, now: number): number | null {
  return (
    believable(pointInTime(stated.at), now) ??
    believable(later(stated.in, MILLISECONDS[stated.unit], now), now) ??
    later(stated.otherwise?.toString(), 1000, now) ??
    null
  )
}

function believable(end: number | undefined, now: number): number | undefined {
  // Whole milliseconds first: a fraction of one past `now` would be kept as `now` itself, which is no end after it.
  const whole = Math.floor(end ?? Number.NaN)
  return whole > now && whole - now <= TEN_YEARS ? whole : undefined
}

function later(amount: string | undefined, unit: number, now: number): number | undefined {
  const value = number(amount)
  return value === undefined ? undefined : now + value * unit
}

function pointInTime(text: string | undefined): number | undefined {
  const value = number(text)
  if (value !== undefined) return value < SECONDS_END ? value * 1000 : value
  if (text === undefined) return undefined
  // A date without a zone would be read in the zone of this machine (ECMA-262 §21.4.1.32): it is taken as UTC.
  const zoneless = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/.exec(text.trim())
  const time = Date.parse(zoneless === null ? text : `${zoneless[1]}T${zoneless[2]}Z`)
  return Number.isNaN(time) ? undefined : time
}

function number(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
