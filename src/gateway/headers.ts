import { isIdentityHeader, type RequestHead } from '../inbound/request_head.ts'
import { mangledParameter } from '../outbound/signing.ts'

/** For one hop only (RFC 9110 §7.6.1), and what belongs to this one. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
])

/** The caller's credential, and every header by which somebody could speak for a proxy or for another person (D17). */
const NEVER_FORWARDED = new Set([
  ...HOP_BY_HOP,
  'host',
  'authorization',
  'api-key',
  'x-api-key',
  'forwarded',
  'x-rewrite-url',
  'x-real-ip',
  'content-length',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'remote-user',
  'x-remote-user',
])

const NEVER_PREFIXES = ['x-forwarded-', 'x-original-', 'octroi-', 'x-auth-request-']

export interface Outgoing {
  readonly head: RequestHead
  /** What signing sets, lower case. */
  readonly signed: ReadonlySet<string>
  readonly signature: readonly string[]
  readonly keepCookies: boolean
  readonly clientAddress: string
  readonly clientProto: string
}

/** The headers of the upstream request, in the caller's order, as a flat list. Names were read in lower case once already. */
export function upstreamHeaders({
  head,
  signed,
  signature,
  keepCookies,
  clientAddress,
  clientProto,
}: Outgoing): string[] {
  const { raw, names } = head
  const named = head.connection === undefined ? undefined : connectionTokens(head.connection)
  const out: string[] = []
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (isDropped(name, keepCookies) || isSigned(name, signed) || named?.has(name)) continue
    if (head.withheld !== undefined && name.replace(/[^a-z0-9]/g, '-') === head.withheld) continue
    out.push(raw[2 * i] as string, raw[2 * i + 1] as string)
  }
  for (const part of signature) out.push(part)
  out.push('x-forwarded-for', clientAddress, 'x-forwarded-proto', clientProto)
  if (head.host !== undefined) out.push('x-forwarded-host', head.host)
  if (head.contentLength !== undefined) out.push('content-length', head.contentLength)
  return out
}

function isDropped(name: string, keepCookies: boolean): boolean {
  if (NEVER_FORWARDED.has(name)) return true
  if (name === 'cookie') return !keepCookies
  // `x` and `o` begin all the prefixes; most headers begin otherwise.
  const first = name.charCodeAt(0)
  if (first === 120 || first === 111) {
    for (const prefix of NEVER_PREFIXES) if (name.startsWith(prefix)) return true
  }
  return name.includes('_') && isIdentityHeader(name.replaceAll('_', '-'))
}

/** `X_Api_Token` is `X-Api-Token` to a WSGI or CGI service (and `X.Api.Token` to an old one): the caller's would stand beside the one that signing set. */
function isSigned(name: string, signed: ReadonlySet<string>): boolean {
  return signed.has(name) || (/[^a-z0-9-]/.test(name) && signed.has(name.replace(/[^a-z0-9]/g, '-')))
}

/** Names listed in `Connection` are for one hop as well; it cannot take away what we set (RFC 9110 §7.6.1). */
function connectionTokens(value: string): ReadonlySet<string> {
  return new Set(
    value
      .toLowerCase()
      .split(',')
      .map((token) => token.trim()),
  )
}

/** What a page on our own origin could do harm with (D1), and what is ours to set. */
const RESPONSE_DROPPED = new Set([
  ...HOP_BY_HOP,
  'clear-site-data',
  'service-worker-allowed',
  'alt-svc',
  'strict-transport-security',
])

/** The upstream's headers as a flat list for `writeHead`, with ours in front. */
export function callerHeaders(
  raw: readonly (Buffer | string)[],
  own: readonly string[],
  keepCookies: boolean,
): string[] {
  const out: string[] = []
  let named: ReadonlySet<string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = text(raw[i] as Buffer | string)
    const lower = name.toLowerCase()
    if (lower === 'connection') {
      const value = text(raw[i + 1] as Buffer | string)
      if (value !== 'keep-alive' && value !== 'close') named = connectionTokens(value)
      continue
    }
    if (RESPONSE_DROPPED.has(lower) || lower.startsWith('octroi-')) continue
    if (lower === 'set-cookie' && !keepCookies) continue
    out.push(name, text(raw[i + 1] as Buffer | string))
  }
  // What an upstream names in its `Connection` cannot take our guards away (D1).
  return named === undefined ? [...own, ...out] : [...own, ...without(out, named)]
}

function without(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const out: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (!named.has((headers[i] as string).toLowerCase())) out.push(headers[i] as string, headers[i + 1] as string)
  }
  return out
}

export function text(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1')
}

/** The caller's query without the parameters that signing sets, with the signature's at the end. Compared decoded, in lower case. */
export function upstreamQuery(query: string, signed: ReadonlySet<string>, signature: string): string {
  const kept = signed.size === 0 || query === '' ? query : keptPairs(query, signed)
  const joined = kept !== '' && signature !== '' ? `${kept}&${signature}` : kept + signature
  return joined === '' ? '' : `?${joined}`
}

function keptPairs(query: string, signed: ReadonlySet<string>): string {
  // Some servers split at `;` too: a pair that hides behind one is dropped with what it hides behind.
  return query
    .split('&')
    .filter((pair) => !pair.split(';').some((part) => isSignedParameter(parameterName(part), signed)))
    .join('&')
}

function isSignedParameter(name: string, signed: ReadonlySet<string>): boolean {
  return signed.has(name) || signed.has(mangledParameter(name))
}

function parameterName(pair: string): string {
  const equals = pair.indexOf('=')
  const name = (equals === -1 ? pair : pair.slice(0, equals)).replaceAll('+', ' ')
  try {
    return decodeURIComponent(name).trim().toLowerCase()
  } catch {
    return name.trim().toLowerCase()
  }
}

/** Of the upstream's answer. */
export function contentLength(raw: readonly (Buffer | string)[]): number | undefined {
  const value = headerOf(raw, 'content-length')
  return value === undefined ? undefined : Number(value)
}

export function headerOf(raw: readonly (Buffer | string)[], wanted: string): string | undefined {
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.length === wanted.length && text(raw[i] as Buffer).toLowerCase() === wanted) {
      return text(raw[i + 1] as Buffer)
    }
  }
  return undefined
}
