import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Endpoint } from '../api/endpoint.ts'
import { OPERATIONS } from '../api/index.ts'
import { asOctroiError, ERROR_CODES, OctroiError } from '../core/errors.ts'
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
import { errorPages } from '../version.ts'
import { serveAccount } from './account_routes.ts'
import { type ApiDoor, sendProblem, serveApi } from './api_routes.ts'
import { authenticate, requirePermission } from './authenticate.ts'
import { serveConnect } from './connect_routes.ts'
import { serveDevices } from './device_routes.ts'
import { serveEndSession } from './end_session_routes.ts'
import { serveExchange } from './exchange_routes.ts'
import { serveInteractions } from './interaction_routes.ts'
import type { Metrics } from './metrics.ts'
import type { Oidc } from './oidc.ts'
import { pathForLibrary } from './oidc_paths.ts'
import { openApi } from './openapi.ts'
import { serveSessions } from './session_routes.ts'
import { serveSignIn } from './sign_in_routes.ts'
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

const API_BODY_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 32 * 1024

/**
 * The front door. `/proxy/` and `/forward-auth` go to the gate as raw request and response; everything else goes through Fastify.
 *
 * | prefix | folder |
 * |---|---|
 * | `/proxy/`, `/forward-auth` | gateway |
 * | `/api/v1/` | api |
 * | `/oidc/` | provider, with pages |
 * | `/connect/` | outbound/onboarding, with pages |
 * | `/sign-in/`, `/session/`, `/account` | sign_in, with pages |
 * | `/health`, `/ready`, `/metrics`, `/openapi.json`, `/.well-known/jwks.json` | here |
 */
export async function buildServer(parts: DoorParts): Promise<{ fastify: FastifyInstance; server: Server }> {
  let server: Server | undefined
  const fastify = Fastify({
    serverFactory: (handler) => {
      server = createServer(
        // The parser's own limits stop slow and endless heads; the exchange watches bodies.
        {
          maxHeaderSize: MAX_HEADER_BYTES,
          headersTimeout: 15_000,
          requestTimeout: 0,
          keepAliveTimeout: 65_000,
          requireHostHeader: true,
        },
        frontDoor(parts, handler),
      )
      guard(server, parts, handler)
      return server
    },
    bodyLimit: API_BODY_BYTES,
    logger: false,
    // What the router refuses before any handler: an address that cannot be decoded, a segment that is too long.
    frameworkErrors: (error, _request, reply) =>
      sendProblem(reply as FastifyReply, parts.problem(fromFastify(error), requestId())),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
  })
  // Fastify's parser also takes text; only JSON is read here, so a page's form can never be a request of ours.
  fastify.removeContentTypeParser('text/plain')
  serveApi(fastify, OPERATIONS as unknown as readonly Endpoint[], parts)
  serveOwn(fastify, parts)
  // Who types the bare address is a person.
  fastify.get('/', (_, reply) => reply.redirect(`${parts.basePath}/account`, 303))
  fastify.setNotFoundHandler((request, reply) => {
    const error = new OctroiError('not_found', `Nothing is served at ${request.method} ${pathOf(request.url)}.`)
    sendProblem(reply, parts.problem(error, requestId()))
  })
  fastify.setErrorHandler((error, request, reply) =>
    sendProblem(reply, parts.problem(fromFastify(error, request.routeOptions.bodyLimit), requestId())),
  )
  // After the handlers above: the pages' own scope takes them over.
  await serveConnect(fastify, parts)
  await serveSignIn(fastify, parts)
  await serveSessions(fastify, parts)
  await serveEndSession(fastify, parts)
  await serveInteractions(fastify, parts)
  await serveDevices(fastify, parts)
  await serveExchange(fastify, { ...parts, ...parts.parts, applications: parts.signIn.applications })
  await serveAccount(fastify, parts)
  await fastify.ready()
  return { fastify, server: server as unknown as Server }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

function frontDoor({ proxy, forwardAuth, oidc, basePath, problem }: DoorParts, handler: Handler): Handler {
  return (request, response) => {
    let url = request.url as string
    if (basePath !== '' && url.startsWith(basePath) && '/?'.includes(url[basePath.length] ?? '/')) {
      url = url.slice(basePath.length)
      if (url.charCodeAt(0) !== 47) url = `/${url}`
      request.url = url
    }
    if (url.startsWith('/proxy/')) return proxy.handle(request, response, url)
    if (isForwardAuth(url)) return forwardAuth.handle(request, response, url)
    const path = pathForLibrary(url, basePath)
    if (path !== undefined) oidc.door.handle(request, response, path)
    else if (url.charCodeAt(0) !== 47)
      refuse(response, problem(new OctroiError('invalid_request', 'The request target must be a path.'), requestId()))
    else handler(request, response)
  }
}

/** The gate says itself whether it wants a body. */
function isForGate(url: string, basePath: string): boolean {
  const path = url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url
  return path.startsWith('/proxy/') || isForwardAuth(path)
}

/** What Node would answer on its own account, or not at all. */
function guard(server: Server, parts: DoorParts, handler: Handler): void {
  const door = frontDoor(parts, handler)
  const { problem } = parts
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // The gate answers 100 once the call is allowed; elsewhere there is nothing to wait for.
    if (!isForGate(request.url as string, parts.basePath)) response.writeContinue()
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
    else socket.end(rawAnswer(problem(parseFailure(error.code), requestId())))
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

function serveOwn(fastify: FastifyInstance, parts: DoorParts): void {
  // Liveness asks nothing of anybody: a full disk is no reason to be restarted.
  fastify.get('/health', async (_, reply) => reply.header('Cache-Control', 'no-store').send({ status: 'ok' }))
  fastify.get('/ready', async (_, reply) => {
    await parts.isReady()
    return reply.header('Cache-Control', 'no-store').send({ status: 'ready' })
  })
  // Public (RFC 7517): whoever gets an assertion checks it with these.
  fastify.get('/.well-known/jwks.json', async (_, reply) => {
    reply.header('Cache-Control', 'public, max-age=300').header('X-Content-Type-Options', 'nosniff')
    return reply.type('application/jwk-set+json').send(parts.signingKeys.jwks())
  })
  // Made when somebody asks: thirty schemas are a fifth of the start-up.
  let description: object | undefined
  fastify.get('/openapi.json', async (_, reply) => {
    description ??= openApi(OPERATIONS as unknown as readonly Endpoint[], parts.parts.about)
    return reply.send(description)
  })
  fastify.get<{ Params: { code: string } }>('/errors/:code', async (request, reply) => {
    return reply.type('text/plain; charset=utf-8').send(await errorPage(request.params.code))
  })
  fastify.get('/metrics', async (request, reply) => {
    requirePermission(await authenticate(request.raw, parts), 'status.read')
    const { type, text } = await parts.metrics.exposition()
    return reply.type(type).send(text)
  })
}

/** The page that a problem's `type` points to. */
async function errorPage(code: string): Promise<string> {
  if (!Object.hasOwn(ERROR_CODES, code)) throw new OctroiError('not_found', 'There is no such error code.')
  return readFile(join(errorPages(), `${code}.md`), 'utf8')
}

function fromFastify(error: unknown, bodyLimit = API_BODY_BYTES): OctroiError {
  switch ((error as { code?: string }).code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new OctroiError('payload_too_large', `The body is larger than ${bodyLimit} bytes.`)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new OctroiError('invalid_request', 'Send the body as application/json.')
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new OctroiError('invalid_request', 'The body is not valid JSON.')
    default: {
      const { statusCode = 500 } = error as { statusCode?: number }
      if (statusCode >= 400 && statusCode < 500) return new OctroiError('invalid_request', 'The request is not valid.')
      return asOctroiError(error)
    }
  }
}

function pathOf(url: string): string {
  return (url.split('?', 1)[0] as string).slice(0, 200)
}
