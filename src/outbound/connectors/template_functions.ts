import { createHash, createHmac } from 'node:crypto'
import { formatFault, formatTime, zoneFault } from './zoned_time.ts'

/** The functions of templates. All are pure: what changes from one request to the next comes in as `Moment`. */

/** One request's own values: every use of `now`, `uuid` and `nonce` in it sees the same. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly uuid: string
  readonly nonce: string
}

export interface TemplateFunction {
  readonly min: number
  readonly max: number
  /** Only where a request of an exchange is written: it needs a `Moment`. */
  readonly step?: true
  /** The result is letters, digits and a few signs whatever goes in: it can be sent anywhere. */
  readonly harmless?: true
  /** Takes what is absent, too; others are absent when an argument is. */
  readonly takesAbsent?: true
  /** Why texts that stand in the file are no good arguments; `undefined` stands for an argument that is not a text. */
  fault?(literals: readonly (string | undefined)[]): string | undefined
  apply(args: readonly string[], moment: Moment | undefined): string | undefined
}

/** Of all arguments, one after the other. */
function ofText(transform: (text: string) => string, more: Pick<TemplateFunction, 'harmless'> = {}): TemplateFunction {
  return { min: 1, max: Infinity, ...more, apply: (args) => transform(args.join('')) }
}

type Encoding = 'hex' | 'base64'

function hash(algorithm: string, encoding: Encoding): TemplateFunction {
  return ofText((text) => createHash(algorithm).update(text, 'utf8').digest(encoding), { harmless: true })
}

/** The first argument is the key, the others the message. */
function hmac(algorithm: string, encoding: Encoding): TemplateFunction {
  const apply = ([key = '', ...message]: readonly string[]) =>
    createHmac(algorithm, key).update(message.join(''), 'utf8').digest(encoding)
  return { min: 2, max: Infinity, harmless: true, apply }
}

const bytes = (encoding: 'base64' | 'base64url' | 'hex') =>
  ofText((text) => Buffer.from(text, 'utf8').toString(encoding), { harmless: true })

const OFFSET = /^([+-]?\d{1,9})(s|m|h|d)$/
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `now('yyyyMMddHHmm', '+2d', 'Europe/Oslo')`: format, offset and zone are texts, so that they are checked when the file is loaded. */
const now: TemplateFunction = {
  min: 1,
  max: 3,
  step: true,
  fault([format, offset, zone] = []) {
    if (format === undefined) return "needs its format as a 'text'"
    if (offset !== undefined && !OFFSET.test(offset)) return `${offset} is not an offset such as '+2d', '-30s' or '0s'`
    return formatFault(format) ?? (zone === undefined ? undefined : zoneFault(zone))
  },
  apply([format = '', offset = '0s', zone = 'UTC'], moment) {
    const [, count, unit = 's'] = OFFSET.exec(offset) ?? []
    return moment && formatTime(moment.now + Number(count) * (SECONDS[unit] ?? 0) * 1000, format, zone)
  },
}

export const TEMPLATE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  base64: bytes('base64'),
  base64url: bytes('base64url'),
  hex: bytes('hex'),
  md5: hash('md5', 'hex'),
  sha1: hash('sha1', 'hex'),
  sha1_base64: hash('sha1', 'base64'),
  sha256: hash('sha256', 'hex'),
  sha256_base64: hash('sha256', 'base64'),
  sha512: hash('sha512', 'hex'),
  sha512_base64: hash('sha512', 'base64'),
  hmac_sha1: hmac('sha1', 'hex'),
  hmac_sha1_base64: hmac('sha1', 'base64'),
  hmac_sha256: hmac('sha256', 'hex'),
  hmac_sha256_base64: hmac('sha256', 'base64'),
  hmac_sha512: hmac('sha512', 'hex'),
  hmac_sha512_base64: hmac('sha512', 'base64'),
  concat: ofText((text) => text),
  lower: ofText((text) => text.toLowerCase()),
  upper: ofText((text) => text.toUpperCase()),
  trim: ofText((text) => text.trim()),
  url: ofText(encodeRfc3986, { harmless: true }),
  xml: ofText(escapeXml),
  json: ofText((text) => JSON.stringify(text).slice(1, -1)),
  default: { min: 2, max: Infinity, takesAbsent: true, apply: (args) => args[0] },
  now,
  uuid: { min: 0, max: 0, step: true, harmless: true, apply: (_, moment) => moment?.uuid },
  nonce: { min: 0, max: 0, step: true, harmless: true, apply: (_, moment) => moment?.nonce },
}

/** RFC 3986 §2.3: all but unreserved characters, `!'()*` too. */
export function encodeRfc3986(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
  return encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

const XML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&apos;' }

/** For element content and attribute values; a line break survives in both (XML 1.0 §3.3.3). */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => XML[sign] ?? '').replace(/[\t\n\r]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
