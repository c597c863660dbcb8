import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Endpoint } from '../api/endpoint.ts'
import { OPERATIONS } from '../api/index.ts'
import { asOctroiError, ERROR_CODES, OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import { errorPages } from '../version.ts'
import { serveAccount } from './account_routes.ts'
import { sendProblem, serveApi } from './api_routes.ts'
import { authenticate, requirePermission } from './authenticate.ts'
import { serveConnect } from './connect_routes.ts'
import { serveDevices } from './device_routes.ts'
import { serveEndSession } from './end_session_routes.ts'
import { serveExchange } from './exchange_routes.ts'
import { serveInteractions } from './interaction_routes.ts'
import { openApi } from './openapi.ts'
import type { DoorParts } from './server.ts'
import { serveSessions } from './session_routes.ts'
import { serveSignIn } from './sign_in_routes.ts'

const API_BODY_BYTES = 1024 * 1024

/** The management API and all pages: what the front door does not answer itself. */
export async function openRouter(parts: DoorParts): Promise<FastifyInstance> {
  const fastify = Fastify({
    // The requests come from the front door; this server never listens.
    serverFactory: () => createServer(),
    bodyLimit: API_BODY_BYTES,
    logger: false,
    // No route has a schema of Fastify's: the compilers for them would be loaded for nothing.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
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
  return fastify
}

function serveOwn(fastify: FastifyInstance, parts: DoorParts): void {
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

function noSchemas(): never {
  throw new Error('routes validate with zod')
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
