import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { Problem } from '../core/problem.ts'
import type { PublishedKeys } from '../core/signing_keys.ts'
import type { ForwardAuth } from '../gateway/forward_auth.ts'
import { isForwardAuth } from '../gateway/forward_auth_target.ts'
import type { Gate } from '../gateway/proxy.ts'
import type { Guard } from '../inbound/entrance.ts'
import type { DeviceDesk } from '../provider/device/device_desk.ts'
import type { InteractionDesk } from '../provider/interactions/interaction_desk.ts'
import type { EndSession } from '../provider/logout/end_session.ts'
import type { SignIn } from '../sign_in/open.ts'
import type { ApiDoor } from './api_routes.ts'
import type { Metrics } from './metrics.ts'
import type { Oidc } from './oidc.ts'
import { pathForLibrary } from './oidc_paths.ts'
import type { Visitors } from './visitor.ts'

export interface DoorParts extends ApiDoor {
  readonly proxy: Gate
  readonly forwardAuth: ForwardAuth
  readonly signIn: SignIn
  readonly oidc: Oidc
  readonly interactions: InteractionDesk
  readonly devices: DeviceDesk
  readonly endSession: EndSession
  readonly visitors: Visitors
  /** What slows down who guesses the secrets of applications. */
  readonly guard: Guard
  readonly signingKeys: PublishedKeys
  readonly metrics: Metrics
  /** The path of the public URL, without a trailing slash: `''` at the root. */
  readonly basePath: string
  readonly isReady: () => Promise<void>
}

const MAX_HEADER_BYTES = 32 * 1024

/**
 * The front door. `/proxy/` and `/forward-auth` go to the gate as raw request and response; what is not answered here goes through Fastify.
 *
 * | prefix | folder |
 * |---|---|
 * | `/proxy/`, `/forward-auth` | gateway |
 * | `/health` | here |
 * | `/oidc/` | provider, with pages |
 * | `/api/v1/` | router.ts, api |
 * | `/connect/` | router.ts, outbound/onboarding, with pages |
 * | `/sign-in/`, `/session/`, `/account` | router.ts, sign_in, with pages |
 * | `/ready`, `/metrics`, `/openapi.json`, `/.well-known/jwks.json` | router.ts |
 */
export function buildServer(parts: DoorParts): { server: Server; close(): Promise<void> } {
  const router = new LazyRouter(parts)
  const door = frontDoor(parts, router)
  const server = createServer(
    // The parser's own limits stop slow and endless heads; the exchange watches bodies.
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 15_000,
      requestTimeout: 0,
      keepAliveTimeout: 65_000,
      requireHostHeader: true,
    },
    door,
  )
  guard(server, parts, door)
  return { server, close: () => router.close() }
}

/**
 * The API and the pages are loaded when somebody first asks for one of them (`/ready` counts): they are half of a start, and the calls that
 * the gate is there for need none of them.
 */
class LazyRouter {
  readonly #parts: DoorParts
  #opening: Promise<FastifyInstance> | undefined
  #open: FastifyInstance | undefined

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#open === undefined) void this.#handleOnceOpen(request, response)
    else this.#open.routing(request, response)
  }

  async close(): Promise<void> {
    await (await this.#opening)?.close()
  }

  async #handleOnceOpen(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#opening ??= import('./router.ts').then(({ openRouter }) => openRouter(this.#parts))
      this.#open = await this.#opening
    } catch (error) {
      this.#opening = undefined
      const id = requestId()
      this.#parts.log.error({ request_id: id, err: error }, 'the API and the pages cannot be opened')
      return refuse(response, this.#parts.problem(asOctroiError(error), id))
    }
    // Who has gone away meanwhile is not waited for.
    if (!response.destroyed) this.#open.routing(request, response)
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

function frontDoor({ proxy, forwardAuth, oidc, basePath, problem }: DoorParts, router: LazyRouter): Handler {
  return (request, response) => {
    let url = request.url as string
    if (basePath !== '' && url.startsWith(basePath) && '/?'.includes(url[basePath.length] ?? '/')) {
      url = url.slice(basePath.length)
      if (url.charCodeAt(0) !== 47) url = `/${url}`
      request.url = url
    }
    if (url.startsWith('/proxy/')) return proxy.handle(request, response, url)
    if (isForwardAuth(url)) return forwardAuth.handle(request, response, url)
    if (isHealth(url) && isRead(request)) return answerHealth(response)
    const path = pathForLibrary(url, basePath)
    if (path !== undefined) oidc.door.handle(request, response, path)
    else if (url.charCodeAt(0) !== 47)
      refuse(response, problem(new OctroiError('invalid_request', 'The request target must be a path.'), requestId()))
    else router.handle(request, response)
  }
}

function isHealth(url: string): boolean {
  return /^\/health\/?(?:\?|$)/.test(url)
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Liveness asks nothing of anybody: a full disk is no reason to be restarted. */
function answerHealth(response: ServerResponse): void {
  const body = '{"status":"ok"}'
  response.writeHead(200, [
    ...['Cache-Control', 'no-store', 'Content-Type', 'application/json; charset=utf-8'],
    ...['Content-Length', String(body.length)],
  ])
  response.end(body)
}

/** The gate says itself whether it wants a body. */
function isForGate(url: string, basePath: string): boolean {
  const path = url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url
  return path.startsWith('/proxy/') || isForwardAuth(path)
}

/** What Node would answer on its own account, or not at all. */
function guard(server: Server, { problem, basePath }: DoorParts, door: Handler): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // The gate answers 100 once the call is allowed; elsewhere there is nothing to wait for.
    if (!isForGate(request.url as string, basePath)) response.writeContinue()
    door(request, response)
  })
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    refuse(response, problem(new OctroiError('invalid_request', 'This expectation cannot be met.'), requestId()))
  })
  server.on('connect', (_request, socket) => {
    socket.end(rawAnswer(problem(new OctroiError('method_not_allowed', 'CONNECT is not served.'), requestId())))
  })
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    // Behind a whole request that is being answered, ours would stand in the middle of that answer, or be taken for it.
    const { _httpMessage: answering } = socket as { _httpMessage?: ServerResponse | null }
    const inTheWay = answering != null && (answering.headersSent || answering.req.complete)
    if (!socket.writable || inTheWay || error.code === 'ECONNRESET') socket.destroy()
    else socket.end(rawAnswer(problem(parseFailure(error.code), requestId())), () => socket.destroy())
  })
}

function parseFailure(code: string | undefined): OctroiError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new OctroiError('invalid_request', `The headers are larger than ${MAX_HEADER_BYTES} bytes.`)
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new OctroiError('invalid_request', 'The request was not complete in time.')
  return new OctroiError('invalid_request', 'The request is not valid HTTP/1.1.')
}

function refuse(response: ServerResponse, { status, headers, body }: Problem): void {
  response.writeHead(status, [...headers, 'Connection', 'close'])
  response.end(body)
}

/** An answer on a bare socket. */
function rawAnswer({ status, headers, body }: Problem): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close']
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
