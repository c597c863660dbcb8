/** Times as services write them, read and written without a clock of ours. Zones are IANA names or offsets (`+01:00`). */

const NAMED = ['epoch_s', 'epoch_ms', 'iso', 'http', 'date']
const PATTERN = /yyyy|MM|dd|HH|mm|ss|SSS/g
const DAY_MS = 86_400_000

/** Why a text is not a format, or `undefined`: one of the names, or a pattern of `yyyy MM dd HH mm ss SSS` and signs. */
export function formatFault(format: string): string | undefined {
  if (NAMED.includes(format)) return undefined
  const rest = format.replace(PATTERN, '')
  return rest !== format && /^[^A-Za-z]*$/.test(rest.replace(/[TZ]/g, ''))
    ? undefined
    : `${format} is not a format of time: ${NAMED.join(', ')} or a pattern such as yyyy-MM-dd HH:mm:ss`
}

export function zoneFault(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return undefined
  } catch {
    return `${zone} is not a time zone`
  }
}

/** `ms` since the epoch as text. `iso`, `date` and patterns are in the zone; `iso` says so only for UTC (`Z`). */
export function formatTime(ms: number, format: string, zone = 'UTC'): string {
  if (format === 'epoch_ms') return String(Math.trunc(ms))
  if (format === 'epoch_s') return String(Math.floor(ms / 1000))
  if (format === 'http') return new Date(ms).toUTCString()
  const pattern = format === 'iso' ? `yyyy-MM-ddTHH:mm:ss${zone === 'UTC' ? 'Z' : ''}` : format
  const fields = fieldsOf(ms, zone)
  return (pattern === 'date' ? 'yyyy-MM-dd' : pattern).replace(PATTERN, (token) => fields[token] ?? '')
}

/**
 * Milliseconds since the epoch, `undefined` for what is not a time of that format. `zone` is that of times that name none; where the
 * clocks are set back and the time comes twice it is the first. Without a zone such a time is `undefined` too: a guess would be hours off.
 */
export function parseTime(text: string, format: string, zone?: string): number | undefined {
  if (format === 'epoch_s' || format === 'epoch_ms')
    return /^\d{1,15}(\.\d{1,9})?$/.test(text)
      ? Math.floor(Number(text) * (format === 'epoch_s' ? 1000 : 1))
      : undefined
  if (format === 'http') return /^[A-Z][a-z]{2,8}, .* GMT$/.test(text) ? finite(Date.parse(text)) : undefined
  if (format === 'iso') return parseIso(text, zone)
  return parsePattern(text, format === 'date' ? 'yyyy-MM-dd' : format, zone)
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?$/

function parseIso(text: string, zone: string | undefined): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', offset] = match
  const local = localTime([year, month, day, hour, minute, second], fraction)
  if (local === undefined) return undefined
  if (offset !== undefined) return local - offsetMinutes(offset) * 60_000
  return zone === undefined ? undefined : instantOf(local, zone)
}

function parsePattern(text: string, pattern: string, zone: string | undefined): number | undefined {
  const tokens: string[] = []
  const source = pattern.split(/(yyyy|MM|dd|HH|mm|ss|SSS)/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    tokens.push(part)
    return `(\\d{${part.length}})`
  })
  const match = new RegExp(`^${source.join('')}$`).exec(text)
  if (match === null) return undefined
  const of = (token: string) => (tokens.includes(token) ? match[tokens.indexOf(token) + 1] : undefined)
  const local = localTime(
    ['yyyy', 'MM', 'dd', 'HH', 'mm', 'ss'].map((token) => of(token)),
    of('SSS') ?? '',
  )
  if (local === undefined) return undefined
  const own = /Z$/.test(pattern) ? 'UTC' : zone
  return own === undefined ? undefined : instantOf(local, own)
}

/** The fields as if they were UTC; `undefined` for a 31st of February. */
function localTime(fields: readonly (string | undefined)[], fraction: string): number | undefined {
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields.map((field) =>
    field === undefined ? undefined : Number(field),
  )
  if (year === undefined || hour > 23 || minute > 59 || second > 60) return undefined
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second, Number(`${fraction}000`.slice(0, 3)))
}

/** The instant of a local time. In the hour that the clocks skip, the earlier of the two that could be meant. */
function instantOf(local: number, zone: string): number {
  const offsets = [zoneOffset(local - DAY_MS, zone), zoneOffset(local + DAY_MS, zone)]
  const real = offsets
    .map((offset) => local - offset)
    .filter((instant) => zoneOffset(instant, zone) === local - instant)
  return real.length > 0 ? Math.min(...real) : local - Math.max(...offsets)
}

function zoneOffset(ms: number, zone: string): number {
  const { yyyy, MM, dd, HH, mm, ss, SSS } = fieldsOf(ms, zone)
  return Date.UTC(Number(yyyy), Number(MM) - 1, Number(dd), Number(HH), Number(mm), Number(ss), Number(SSS)) - ms
}

function fieldsOf(ms: number, zone: string): Readonly<Record<string, string>> {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  const format = new Intl.DateTimeFormat('en-u-nu-latn', {
    ...options,
    second: '2-digit',
    hourCycle: 'h23',
    timeZone: zone,
  })
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  return {
    yyyy: (parts.year ?? '').padStart(4, '0'),
    MM: parts.month ?? '',
    dd: parts.day ?? '',
    HH: parts.hour ?? '',
    mm: parts.minute ?? '',
    ss: parts.second ?? '',
    SSS: String(((ms % 1000) + 1000) % 1000).padStart(3, '0'),
  }
}

function offsetMinutes(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3).replace(':', '') || 0)
  return offset.startsWith('-') ? -minutes : minutes
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined
}
