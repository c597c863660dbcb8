import { OctroiError } from '../core/errors.ts'
import { Generations } from '../core/generations.ts'
import { canonicalRouteHost } from '../policy/routes.ts'
import { canonicalHost } from './host.ts'
import type { RequestHead } from './request_head.ts'

/** The request that a proxy asks about, as the proxy tells it. Believed only of a trusted one. */
export interface OriginalRequest {
  readonly method: string
  /** Canonical, without a port. */
  readonly host: string
  /** As it was sent, without the query. */
  readonly path: string
  /** With the query. */
  readonly uri: string
  /** `null`: the proxy does not say. */
  readonly scheme: Scheme | null
}

type Scheme = 'http' | 'https'

/** The check request itself is the original one, its path appended to ours (Envoy's `ext_authz`). */
export interface Appended {
  readonly method: string
  /** Path and query. */
  readonly uri: string
}

/**
 * Reads `X-Forwarded-Method/Host/Uri/Proto` (Caddy, Traefik, HAProxy), `X-Original-Method/URL` (nginx) or `X-Original-URI` with
 * `X-Original-Host`; or the request itself. Whatever is sent has to say the same: a header that the proxy let through from its caller
 * must not decide, and must not be what the service behind reads. Throws `invalid_request`.
 */
export function originalRequest(head: RequestHead, appended: Appended | null): OriginalRequest {
  const whole = head.originalUrl === undefined ? undefined : wholeUrl(head.originalUrl)
  const uri = one(head.forwardedUri, head.originalUri, whole?.uri, appended?.uri, URI_HEADERS)
  // Some frameworks serve this path instead of the request's.
  if (head.rewriteUrl !== undefined && head.rewriteUrl !== uri) throw conflicting('X-Rewrite-URL and the path')
  if (uri.charCodeAt(0) !== 47) throw invalid('The path of the original request does not begin with "/".')
  const question = uri.indexOf('?')
  return {
    method: one(head.forwardedMethod, head.originalMethod, undefined, appended?.method, METHOD_HEADERS),
    host: one(
      hostIn(head.forwardedHost),
      hostIn(head.originalHost),
      hostIn(whole?.host),
      appended === null ? undefined : hostIn(head.host),
      HOST_HEADERS,
    ),
    path: question === -1 ? uri : uri.slice(0, question),
    uri,
    scheme: schemeOf(head.forwardedProto, whole?.scheme),
  }
}

const METHOD_HEADERS = 'X-Forwarded-Method or X-Original-Method'
const HOST_HEADERS = 'X-Forwarded-Host, X-Original-Host or X-Original-URL'
const URI_HEADERS = 'X-Forwarded-Uri, X-Original-URI or X-Original-URL'

/** The one value of all that were sent. */
function one(
  first: string | undefined,
  second: string | undefined,
  third: string | undefined,
  fourth: string | undefined,
  headers: string,
): string {
  const value = first ?? second ?? third ?? fourth
  if (value === undefined) throw invalid(`The proxy does not say what it asks about: it must send ${headers}.`)
  const agrees = (other: string | undefined) => other === undefined || other === value
  if (!agrees(second) || !agrees(third) || !agrees(fourth)) throw conflicting(headers)
  return value
}

const WHOLE_URL = /^([a-z]{2,5}):\/\/([^/?#]*)(.*)$/i

function wholeUrl(text: string): { scheme: string; host: string; uri: string } {
  const [, scheme, host, uri] = WHOLE_URL.exec(text) ?? []
  if (scheme === undefined || host === undefined || uri === undefined)
    throw invalid('X-Original-URL is not a whole URL: scheme, host and path.')
  return { scheme, host, uri }
}

/** `:8443` where the caller named a port, or nothing. It decides nothing; links back to the caller need it. */
export function originalPort(head: RequestHead): string {
  const { forwardedHost, originalHost, originalUrl, host } = head
  const inUrl = originalUrl === undefined ? undefined : wholeUrl(originalUrl).host
  return /:\d{1,5}$/.exec(forwardedHost ?? originalHost ?? inUrl ?? host ?? '')?.[0] ?? ''
}

/** Hosts come from callers: so many spellings are kept, at most twice as many. */
const KEPT_HOSTS = 1_000
const hosts = new Generations<string, string>(KEPT_HOSTS)

function hostIn(given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  const kept = hosts.get(given)
  if (kept !== undefined) return kept
  const host = plainHost(given)
  hosts.set(given, host)
  return host
}

function plainHost(given: string): string {
  try {
    const host = canonicalHost(given).replace(/:\d+$/, '')
    return host.startsWith('[') ? canonicalRouteHost(host) : host
  } catch {
    throw invalid('The host of the original request is not a host.')
  }
}

/** Traefik says `ws` and `wss` of upgraded connections. */
const SCHEMES: Readonly<Record<string, Scheme>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' }

function schemeOf(forwarded: string | undefined, inUrl: string | undefined): Scheme | null {
  const said = forwarded === undefined ? null : knownScheme(forwarded, 'X-Forwarded-Proto')
  const other = inUrl === undefined ? null : knownScheme(inUrl, 'X-Original-URL')
  if (said !== null && other !== null && said !== other) throw conflicting('X-Forwarded-Proto and X-Original-URL')
  return said ?? other
}

function knownScheme(text: string, header: string): Scheme {
  const lower = text.toLowerCase()
  if (Object.hasOwn(SCHEMES, lower)) return SCHEMES[lower] as Scheme
  throw invalid(`${header} names no scheme that is known: http or https.`)
}

function conflicting(headers: string): OctroiError {
  return invalid(`The headers that name the original request contradict each other (${headers}).`)
}

function invalid(detail: string): OctroiError {
  return new OctroiError('invalid_request', detail)
}
