import { OctroiError } from '../core/errors.ts'
import { canonicalHost } from './host.ts'

/** What one pass over the raw headers finds. `names` holds every header name in lower case, in step with the raw list. */
export interface RequestHead {
  readonly raw: readonly string[]
  readonly names: readonly string[]
  /** The header in which proxies pass client certificates, where there is one: it never leaves, whoever sent it. */
  withheld?: string | undefined
  readonly host: string | undefined
  readonly authorization: string | undefined
  readonly apiKey: string | undefined
  readonly xApiKey: string | undefined
  readonly forwardedFor: string | undefined
  readonly forwardedProto: string | undefined
  readonly forwardedHost: string | undefined
  readonly forwardedUri: string | undefined
  readonly forwardedMethod: string | undefined
  readonly originalUrl: string | undefined
  readonly originalUri: string | undefined
  readonly originalMethod: string | undefined
  readonly originalHost: string | undefined
  readonly rewriteUrl: string | undefined
  readonly origin: string | undefined
  readonly preflightMethod: string | undefined
  readonly connection: string | undefined
  readonly upgrade: string | undefined
  readonly fetchMode: string | undefined
  readonly correlationId: string | undefined
  readonly idempotencyKey: string | undefined
  readonly contentLength: string | undefined
  readonly transferEncoding: string | undefined
}

type Field = Exclude<keyof RequestHead, 'raw' | 'names' | 'withheld'>

/** Headers that a decision rests on: each may come once, and under no other spelling. */
const SINGLE = new Map<string, Field | undefined>([
  ['host', 'host'],
  ['authorization', 'authorization'],
  ['api-key', 'apiKey'],
  ['x-api-key', 'xApiKey'],
  ['x-forwarded-for', 'forwardedFor'],
  ['x-forwarded-proto', 'forwardedProto'],
  ['x-forwarded-host', 'forwardedHost'],
  ['x-forwarded-uri', 'forwardedUri'],
  ['x-forwarded-method', 'forwardedMethod'],
  ['x-forwarded-port', undefined],
  ['x-forwarded-prefix', undefined],
  ['x-original-url', 'originalUrl'],
  ['x-original-uri', 'originalUri'],
  ['x-original-method', 'originalMethod'],
  ['x-original-host', 'originalHost'],
  ['x-rewrite-url', 'rewriteUrl'],
  ['forwarded', undefined],
  ['sec-fetch-mode', 'fetchMode'],
  ['access-control-request-method', 'preflightMethod'],
  ['origin', 'origin'],
  ['idempotency-key', 'idempotencyKey'],
  ['x-correlation-id', 'correlationId'],
  ['content-length', 'contentLength'],
  ['transfer-encoding', 'transferEncoding'],
  ['upgrade', 'upgrade'],
])

/** Identity and trust headers that other programs read; listed because of their underscore aliases (WSGI reads `_` as `-`, old CGI any other sign too). */
const TRUSTED_BY_OTHERS = new Set([
  'remote-user',
  'x-remote-user',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-real-ip',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'cookie',
  'connection',
])

const MAX_HEADERS = 500

/** CGI makes `_` of every character that is neither letter nor digit (RFC 3875 §4.1.18 names the hyphen, servers went further). */
const UNUSUAL = /[^a-z0-9-]/

export function isIdentityHeader(name: string): boolean {
  return TRUSTED_BY_OTHERS.has(name) || name.startsWith('octroi-') || name.startsWith('x-auth-request-')
}

class Head implements RequestHead {
  readonly raw: readonly string[]
  readonly names: string[] = []
  withheld: string | undefined = undefined
  host: string | undefined = undefined
  authorization: string | undefined = undefined
  apiKey: string | undefined = undefined
  xApiKey: string | undefined = undefined
  forwardedFor: string | undefined = undefined
  forwardedProto: string | undefined = undefined
  forwardedHost: string | undefined = undefined
  forwardedUri: string | undefined = undefined
  forwardedMethod: string | undefined = undefined
  originalUrl: string | undefined = undefined
  originalUri: string | undefined = undefined
  originalMethod: string | undefined = undefined
  originalHost: string | undefined = undefined
  rewriteUrl: string | undefined = undefined
  origin: string | undefined = undefined
  preflightMethod: string | undefined = undefined
  connection: string | undefined = undefined
  upgrade: string | undefined = undefined
  fetchMode: string | undefined = undefined
  correlationId: string | undefined = undefined
  idempotencyKey: string | undefined = undefined
  contentLength: string | undefined = undefined
  transferEncoding: string | undefined = undefined

  constructor(raw: readonly string[]) {
    this.raw = raw
  }
}

/**
 * Reads `rawHeaders` once. Node keeps the first of two `Authorization` headers and joins two `API-KEY` headers; a server behind us
 * may choose otherwise, so duplicates of what decisions rest on are refused, and so are their underscore aliases.
 */
export function readHead(raw: readonly string[]): RequestHead {
  // Some versions of Node drop what comes after a thousand headers without a word: a second credential could stand there.
  if (raw.length > 2 * MAX_HEADERS)
    throw new OctroiError('invalid_request', `The request has more than ${MAX_HEADERS} headers.`)
  const head = new Head(raw)
  const seen: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    head.names.push(name)
    if (name === 'connection') {
      head.connection = head.connection === undefined ? raw[i + 1] : `${head.connection},${raw[i + 1]}`
      continue
    }
    const field = SINGLE.get(name)
    if (field !== undefined || SINGLE.has(name)) {
      if (seen.includes(name)) throw duplicate(name)
      seen.push(name)
      if (field !== undefined) head[field] = raw[i + 1]
    } else if (UNUSUAL.test(name)) refuseAlias(name)
  }
  // Empty: the request names no host (RFC 9110 §7.2).
  head.host = head.host === undefined || head.host === '' ? undefined : canonicalHost(head.host)
  if (head.transferEncoding !== undefined && head.transferEncoding.toLowerCase() !== 'chunked')
    throw new OctroiError('unsupported', 'Transfer-Encoding is served as "chunked" only.')
  return head
}

/** The value of a header that nothing rests on for most requests; the first, where there are several. */
export function headerIn({ names, raw }: RequestHead, name: string): string | undefined {
  const at = names.indexOf(name)
  return at === -1 ? undefined : raw[2 * at + 1]
}

function refuseAlias(name: string): void {
  const canonical = name.replace(/[^a-z0-9]/g, '-')
  if (!SINGLE.has(canonical) && !isIdentityHeader(canonical)) return
  throw new OctroiError('invalid_request', `The header ${name} is not accepted: write ${canonical}, with hyphens.`)
}

export function duplicate(name: string): OctroiError {
  const code = name === 'authorization' || name.endsWith('api-key') ? 'ambiguous_credentials' : 'invalid_request'
  return new OctroiError(code, `The header ${name} was sent more than once.`)
}
