import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { OctroiError } from '../core/errors.ts'
import { PASSKEY_SCRIPT } from '../pages/passkey_script.ts'
import type { Outcome, Visit } from '../sign_in/desk/visit.ts'
import type { SignIn } from '../sign_in/open.ts'
import { answerOf, visitOf } from './sign_in_views.ts'
import type { Answered, Visitor, Visitors } from './visitor.ts'

/** What the pages of sign-in need. */
export interface PeopleDoor {
  readonly visitors: Visitors
  readonly signIn: Pick<SignIn, 'desk' | 'linkDesk' | 'signOut'>
}

/** A passkey's answer is the largest field. */
const FORM_BYTES = 64 * 1024

type Params = { readonly id?: string }
type Request = FastifyRequest<{ Params: Params }>
export type Work = (visitor: Visitor, params: Params, exchange: Exchange) => Promise<Answered>

/** For who reads cookies of his own. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * A scope of pages for people: forms and nothing else are read there, and what is wrong is told by a page. `define` gets what registers a page.
 */
export async function servePages(
  fastify: FastifyInstance,
  visitors: Visitors,
  define: (
    pages: FastifyInstance,
    by: (work: Work) => (request: Request, reply: FastifyReply) => Promise<void>,
  ) => void,
): Promise<void> {
  await fastify.register(async (pages) => {
    pages.removeAllContentTypeParsers()
    pages.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_BYTES },
      (_, body, done) => done(null, body),
    )
    pages.setErrorHandler((error, request, reply) => visitors.fail(request, reply, unread(error)))
    define(pages, (work) => (request, reply) => {
      const exchange = { request: request.raw, response: reply.raw }
      return visitors.answer(request, reply, (visitor) => work(visitor, request.params, exchange))
    })
  })
}

/** `/sign-in/...`: the pages on which people prove who they are. */
export async function serveSignIn(fastify: FastifyInstance, door: PeopleDoor): Promise<void> {
  const { visitors, signIn } = door
  const { desk, linkDesk: links } = signIn
  await servePages(fastify, visitors, (pages, by) => {
    const told = (work: (visitor: Visitor, visit: Visit, id: string) => Promise<Outcome>) =>
      by(async (visitor, { id = '' }) => {
        const outcome = await work(visitor, visitOf(visitors, visitor), id)
        return answerOf(visitors, visitor, outcome)
      })
    pages.get(
      '/sign-in',
      told(({ query }, visit) => desk.start(query, visit)),
    )
    pages.get(
      '/sign-in/:id',
      told(({ query }, visit, id) => desk.by(id, query, visit)),
    )
    pages.post(
      '/sign-in/:id',
      told(({ form }, visit, id) => desk.submit(id, form, visit)),
    )
    pages.get(
      '/sign-in/:id/callback',
      told(({ query }, visit, id) => desk.callback(id, query, visit)),
    )
    pages.get(
      '/sign-in/step/:id',
      told((_, visit, id) => desk.step(id, visit)),
    )
    pages.post(
      '/sign-in/step/:id',
      told(({ form }, visit, id) => desk.answer(id, form, visit)),
    )
    pages.get(
      '/sign-in/link/:id',
      told((_, visit, id) => links.show(id, visit)),
    )
    pages.post(
      '/sign-in/link/:id',
      told(({ form }, visit, id) => links.submit(id, form, visit)),
    )
    pages.get(
      '/sign-in/reset',
      told((_, visit) => links.askReset(visit)),
    )
    pages.post(
      '/sign-in/reset',
      told(({ form }, visit) => links.requestReset(form, visit)),
    )
  })
  serveScript(fastify)
}

function serveScript(fastify: FastifyInstance): void {
  fastify.get('/sign-in/passkey.js', (_, reply) => {
    reply
      .header('Cache-Control', 'public, max-age=3600')
      .header('X-Content-Type-Options', 'nosniff')
      .header('Cross-Origin-Resource-Policy', 'same-origin')
      .type('text/javascript; charset=utf-8')
      .send(PASSKEY_SCRIPT)
  })
}

/** A form that is too large, or is none. */
function unread(error: unknown): unknown {
  const { code, statusCode = 500 } = error as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new OctroiError('payload_too_large', `The form is larger than ${FORM_BYTES} bytes.`)
  return statusCode < 500 ? new OctroiError('invalid_request', 'This is not a form of one of our pages.') : error
}
