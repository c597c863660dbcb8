import { readFileSync } from 'node:fs'
import { UsageError } from './command.ts'

/** How values are written on the command line. */

/** `name=value`, repeatable. */
export function pairs(option: string, given: readonly string[] | undefined): Record<string, string> {
  const result = new Map<string, string>()
  for (const pair of given ?? []) {
    const at = pair.indexOf('=')
    // The text is not repeated: it may be a secret in the wrong place.
    if (at < 1) throw new UsageError(`--${option} takes NAME=VALUE.`)
    const name = pair.slice(0, at)
    if (result.has(name)) throw new UsageError(`--${option} ${name} is given twice.`)
    result.set(name, pair.slice(at + 1))
  }
  return Object.fromEntries(result)
}

/** `name=value`, repeatable, the values of one name joined: `none` alone for none. */
export function valuesByName(
  option: string,
  given: readonly string[] | undefined,
): Record<string, string[]> | undefined {
  if (given === undefined || isNone(given)) return given && {}
  const found = new Map<string, string[]>()
  for (const pair of given) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--${option} takes NAME=VALUE.`)
    const name = pair.slice(0, at)
    found.set(name, [...(found.get(name) ?? []), pair.slice(at + 1)])
  }
  return Object.fromEntries(found)
}

/** A list that is given replaces the whole list; `none` alone empties it. */
export function listOf<T extends string = string>(given: readonly string[] | undefined): T[] | undefined {
  return isNone(given) ? [] : given && ([...given] as T[])
}

export function isNone(given: readonly string[] | undefined): boolean {
  return given?.length === 1 && given[0] === 'none'
}

/** `none` takes back what is there. */
export function textOrNone(given: string | undefined): string | null | undefined {
  return given === 'none' ? null : given
}

/** `--option` and `--option=yes`: true; `--option=no`: false. Goes with `bare: 'yes'`. */
export function yesOrNo(option: string, given: string | undefined): boolean | undefined {
  if (given === undefined) return undefined
  if (given === 'yes' || given === 'true') return true
  if (given === 'no' || given === 'false') return false
  throw new UsageError(`--${option} takes nothing, or =no.`)
}

/** A secret from `--NAME-file PATH` or `--NAME-env VARIABLE`, never from the command line itself. */
export function givenSecretOf(
  name: string,
  options: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const [file, variable] = [options[`${name}-file`] as string | undefined, options[`${name}-env`] as string | undefined]
  if (file !== undefined && variable !== undefined)
    throw new UsageError(`Give --${name}-file or --${name}-env, not both.`)
  if (file !== undefined) return secretOf(`${name}-file`, file)
  return variable === undefined ? undefined : secretFromEnv(`${name}-env`, variable, env)
}

export function numberPairs(option: string, given: readonly string[] | undefined): Record<string, number> {
  return Object.fromEntries(
    Object.entries(pairs(option, given)).map(([name, value]) => [name, wholeNumber(option, value, 0) as number]),
  )
}

export function wholeNumber(option: string, given: string | undefined, least: number): number | undefined {
  if (given === undefined) return undefined
  if (/^\d{1,15}$/.test(given) && Number(given) >= least) return Number(given)
  throw new UsageError(`--${option} takes a whole number${least > 0 ? ` from ${least}` : ''}.`)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** `90d`, `12h`, `30m`, `60s`, `2w`; a bare number is seconds. */
export function seconds(option: string, given: string): number {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(given)
  if (match === null) throw new UsageError(`--${option} takes a duration such as 90d, 12h, 30m or 60s.`)
  return Number(match[1]) * (UNITS[match[2] || 's'] as number)
}

const NAMED = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const

/** `7 days`, `1 hour`, `90 seconds`: in the largest unit that comes out even. */
export function lasting(seconds: number): string {
  const [length, name] = NAMED.find(([unit]) => seconds >= unit && seconds % unit === 0) ?? [1, 'second']
  const count = seconds / length
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

/** A point in time: RFC 3339, a date, or a duration from now (`sign` 1: ahead, -1: back). */
export function time(option: string, given: string, now: number, sign: 1 | -1): string {
  if (/^\d{1,9}[smhdw]$/.test(given)) return new Date(now + sign * seconds(option, given) * 1000).toISOString()
  const text = /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00:00Z` : given
  // Without a zone it would be read in the zone of whoever runs this.
  const at = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new UsageError(`--${option} takes a duration (90d, 12h) or a time (2027-01-31, 2027-01-31T12:00:00Z).`)
}

/** `100/60s`, `100/m`. */
export function rateLimit(given: string): { limit: number; window_s: number } {
  const match = /^(\d{1,7})\/(\d{0,6}[smhd])$/.exec(given)
  if (match === null) throw new UsageError('--rate takes CALLS/TIME, such as 100/60s or 5000/h.')
  const window = /^\d/.test(match[2] as string) ? (match[2] as string) : `1${match[2]}`
  return { limit: Number(match[1]), window_s: seconds('rate', window) }
}

/** `option` is `FILE` for what is given without one. */
export function textOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const what = option === 'FILE' ? path : `--${option} ${path}`
    throw new UsageError(`${what}: cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** A secret in a file usually has a line break after it that is not part of it. */
export function secretOf(option: string, path: string): string {
  return textOf(option, path).replace(/\r?\n$/, '')
}

export function secretFromEnv(
  option: string,
  variable: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const value = env[variable]
  if (value === undefined || value === '')
    throw new UsageError(`--${option}: there is no environment variable ${variable}.`)
  return value
}

/** What of an object is given: a request names only what it changes. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}

export async function collect<T>(items: AsyncIterable<T>, most = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) {
    all.push(item)
    if (all.length >= most) break
  }
  return all
}
