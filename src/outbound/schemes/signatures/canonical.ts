import type { OutgoingRequest } from '../../scheme.ts'

/** What signatures over a request have in common: one spelling for texts that may be written in several ways. */

const UNRESERVED = /^[A-Za-z0-9\-._~]$/
/** By byte, as it is sent. */
const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  return UNRESERVED.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Percent-encoding of everything but the unreserved characters (RFC 3986 §2.3), as UTF-8. */
export function encode(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) encoded += ENCODED[byte]
  return encoded
}

/** `%41`, `A` and, in a query, `+` and `%20` are the same to the service that decodes them: so they are to the signature. */
export function reencode(text: string, plusIsSpace: boolean): string {
  let encoded = ''
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    const escaped = byte === 0x25 ? hexAt(bytes, i + 1) : undefined
    if (escaped !== undefined) i += 2
    encoded += ENCODED[escaped ?? (plusIsSpace && byte === 0x2b ? 0x20 : byte)]
  }
  return encoded
}

function hexAt(bytes: Buffer, at: number): number | undefined {
  const text = bytes.toString('latin1', at, at + 2)
  return /^[0-9A-Fa-f]{2}$/.test(text) ? Number.parseInt(text, 16) : undefined
}

export type Pair = readonly [name: string, value: string]

/** The pairs of a query or form, in one spelling, in the order in which they are written. A name alone has an empty value. */
export function pairsOf(query: string): Pair[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
      return [reencode(name, true), reencode(value, true)] as const
    })
}

/** By encoded name, then by encoded value, in byte order: both are ASCII. */
export function sortedPairs(pairs: readonly Pair[]): string {
  return [...pairs]
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All values of one header (lower case), trimmed, joined as RFC 9110 §5.2 allows; `undefined` when it is not there. */
export function headerValue(headers: readonly string[], name: string, separator = ', '): string | undefined {
  const values: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() === name) values.push((headers[i + 1] as string).trim())
  }
  return values.length === 0 ? undefined : values.join(separator)
}

/** The pairs of a form body; none for a body of another kind. */
export function formPairs({ headers, body }: OutgoingRequest): Pair[] {
  return body !== null && isForm(headers) ? pairsOf(Buffer.from(body).toString('utf8')) : []
}

export function isForm(headers: readonly string[]): boolean {
  const [type = ''] = (headerValue(headers, 'content-type') ?? '').split(';')
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** As the `Host` header says it: lower case, and without the port that the scheme implies. */
export function hostOf({ origin }: OutgoingRequest): string {
  return new URL(origin).host
}
