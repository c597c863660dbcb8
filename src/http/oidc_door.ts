import type { IncomingMessage, ServerResponse } from 'node:http'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { Problem } from '../core/problem.ts'
import type { HotReads } from '../core/stores.ts'
import type { Callers } from '../inbound/caller.ts'
import { type RequestHead, readHead } from '../inbound/request_head.ts'
import type { SessionAdmissions } from '../inbound/session_admissions.ts'
import { sessionCookie } from '../inbound/session_cookie.ts'
import { type Arrival, rememberArrival } from '../provider/arrival.ts'
import type { ClientCredentialsTokens } from '../provider/client_credentials.ts'
import { SESSION_COOKIE } from '../provider/configuration.ts'
import { type ErrorPage, OWN_TROUBLE, oauthError } from '../provider/failure.ts'
import type { OpenIdProvider } from '../provider/provider.ts'
import { readForm, withBody } from './oidc_body.ts'
import { methodsOf } from './oidc_paths.ts'
import { StrangerBudget } from './oidc_strangers.ts'

export interface OidcDoorParts {
  readonly openid: Pick<OpenIdProvider, 'answer' | 'basePath'>
  readonly tokens: ClientCredentialsTokens
  readonly callers: Callers
  readonly hot: Pick<HotReads, 'version'>
  readonly admissions: Pick<SessionAdmissions, 'find'>
  readonly errorPage: ErrorPage
  readonly log: { error(fields: object, message: string): void }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Without a slash at the end. */
  readonly publicUrl: string
}

/** What its headers say of where a request came from is for the door; behind it, it came to our public address. */
const FORWARDED = /^(?:x-forwarded-.*|forwarded|x-real-ip|x-original-.*|x-rewrite-url)$/

/** What follows is for the browser alone that has begun there. */
const WAY_BACK = /^\/oidc\/auth\/.*$/s

/** The door of the OpenID provider: raw requests and responses, for the library reads and answers them itself. */
export class OidcDoor {
  readonly #parts: OidcDoorParts
  readonly #public: URL
  readonly #strangers: StrangerBudget

  constructor(parts: OidcDoorParts) {
    this.#parts = parts
    this.#public = new URL(parts.publicUrl)
    this.#strangers = new StrangerBudget(parts.now)
  }

  /** `path`: as the library knows it, with the query (`pathForLibrary`). */
  handle(request: IncomingMessage, response: ServerResponse, path: string): void {
    const arrival: Arrival = {
      id: requestId(),
      began: performance.now(),
      method: request.method as string,
      path: `/oidc${path.split('?', 1)[0]}`.replace(WAY_BACK, '/oidc/auth/*').slice(0, 200),
      address: undefined,
      client: null,
      account: null,
      bytesIn: 0,
    }
    this.#serve(request, response, path, arrival).catch((error) => this.#fail(request, response, arrival, error))
  }

  async #serve(request: IncomingMessage, response: ServerResponse, path: string, arrival: Arrival): Promise<void> {
    const head = readHead(request.rawHeaders)
    arrival.address = this.#parts.callers.identify(request.socket, head).address
    requireMethod(request.method as string, path, response)
    if (request.method !== 'POST') return this.#toLibrary(request, response, path, arrival, head)
    const body = await readForm(request)
    arrival.bytesIn = body.length
    if (path === '/auth') return sendByGet(response, this.#parts.openid.basePath, body)
    const answer = await this.#quickly(path, head, body, arrival)
    if (answer !== undefined) return send(response, answer)
    this.#strangers.post(path, { body, authorization: head.authorization }, arrival.address)
    return this.#toLibrary(withBody(request, body), response, path, arrival, head)
  }

  async #quickly(path: string, head: RequestHead, body: Buffer, arrival: Arrival): Promise<Problem | undefined> {
    if (path !== '/token' || head.origin !== undefined || head.names.includes('dpop') || !isForm(head)) return undefined
    return this.#parts.tokens.answer({ body: body.toString('latin1'), authorization: head.authorization }, arrival)
  }

  async #toLibrary(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    arrival: Arrival,
    head: RequestHead,
  ): Promise<void> {
    const { openid } = this.#parts
    const { headers } = request
    for (const name of Object.keys(headers)) if (FORWARDED.test(name)) delete headers[name]
    headers.host = this.#public.host
    headers['x-forwarded-proto'] = this.#public.protocol.slice(0, -1)
    headers['x-forwarded-for'] = arrival.address as string
    const isPage = path.startsWith('/auth')
    // Programs are told in JSON, whatever they would rather have.
    if (!isPage) headers.accept = 'application/json'
    const session = isPage ? await this.#session(head) : undefined
    if (isPage && session === undefined) this.#strangers.visit(path, arrival.address as string)
    headers.cookie = withSession(headers.cookie, session)
    request.url = path
    // Where the library is mounted: it builds its addresses from this.
    Object.assign(request, { baseUrl: openid.basePath })
    rememberArrival(request, arrival)
    await openid.answer(request, response)
  }

  /** The id of this browser's session: ids are no secret, so that none is taken from outside. */
  async #session(head: RequestHead): Promise<string | undefined> {
    const cookie = sessionCookie(head, { host: null, isSecure: this.#public.protocol === 'https:' })
    if (typeof cookie === 'string') return undefined
    const found = await this.#parts.admissions.find(await this.#parts.hot.version(), cookie.token, null)
    return found?.session.id
  }

  #fail(request: IncomingMessage, response: ServerResponse, arrival: Arrival, error: unknown): void {
    const known = asOctroiError(error)
    if (known.status >= 500)
      this.#parts.log.error({ request_id: arrival.id, err: known.cause ?? known }, 'the OpenID provider failed')
    if (response.headersSent) {
      response.destroy()
      return
    }
    // A body that was not read to its end stands in the way of the next request.
    if (!request.complete) response.setHeader('Connection', 'close')
    send(response, this.#told(request, arrival, known))
  }

  #told({ headers }: IncomingMessage, arrival: Arrival, { status, code, detail, retryAfter }: OctroiError): Problem {
    const error = errorOf(status, code)
    if (!arrival.path.startsWith('/oidc/auth')) return oauthError(status, error, detail, arrival.id, retryAfter)
    return this.#parts.errorPage({
      status,
      error,
      description: status < 500 ? detail : undefined,
      client: undefined,
      requestId: arrival.id,
      cookie: headers.cookie,
      acceptLanguage: headers['accept-language'],
    })
  }
}

/** As the standards name it: what is worth another try later, what never is, and what is our own fault. */
function errorOf(status: number, code: string): string {
  if (code === 'internal') return 'server_error'
  return status >= 500 || code === 'rate_limited' ? OWN_TROUBLE : 'invalid_request'
}

/** RFC 9110 §15.5.6. Handed the wrong one, the library may take the address for another of its own. */
function requireMethod(method: string, path: string, response: ServerResponse): void {
  const methods = methodsOf(path)
  if (method === 'OPTIONS' || methods.includes(method)) return
  response.setHeader('Allow', methods.join(', '))
  throw new OctroiError('method_not_allowed', `${method.slice(0, 20)} is not served here.`)
}

/** As programs send it: of one type, and not compressed. */
function isForm({ names, raw }: RequestHead): boolean {
  const types = names.flatMap((name, i) => (name === 'content-type' ? [raw[2 * i + 1] as string] : []))
  return types.length === 1 && FORM.test(types[0] as string) && !names.includes('content-encoding')
}

const FORM = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i

/** The cookies as they came, but for one of the library's session: that is written here. */
export function withSession(cookies: string | undefined, session: string | undefined): string {
  const others = (cookies ?? '').split(';').flatMap((pair) => {
    const name = pair.split('=', 1)[0]?.trim() ?? ''
    return name === '' || name === SESSION_COOKIE || name.startsWith(`${SESSION_COOKIE}.`) ? [] : [pair.trim()]
  })
  return [...others, ...(session === undefined ? [] : [`${SESSION_COOKIE}=${session}`])].join('; ')
}

const MAX_QUERY = 16 * 1024

/**
 * OpenID Connect Core 1.0 §3.1.2.1 wants POST as well. A form that another site sends carries no cookie of ours (`Lax`): the same request by
 * GET does.
 */
function sendByGet(response: ServerResponse, basePath: string, body: Buffer): void {
  if (body.length > MAX_QUERY) throw new OctroiError('payload_too_large', `A request has at most ${MAX_QUERY} bytes.`)
  const query = new URLSearchParams(body.toString('latin1'))
  response.writeHead(303, {
    Location: `${basePath}/auth?${query}`,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Content-Length': 0,
  })
  response.end()
}

function send(response: ServerResponse, { status, headers, body }: Problem): void {
  response.writeHead(status, [...headers])
  response.end(body)
}
