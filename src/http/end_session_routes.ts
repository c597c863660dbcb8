import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requestId } from '../core/ids.ts'
import type { EndSession } from '../provider/logout/end_session.ts'
import { fieldsOf } from './page_visits.ts'
import { type PeopleDoor, servePages } from './sign_in_routes.ts'
import { answerOf, visitOf } from './sign_in_views.ts'

export interface EndSessionDoor extends PeopleDoor {
  readonly endSession: EndSession
  /** The path of the public URL, without a slash at the end. */
  readonly basePath: string
}

const PATH = '/oidc/session/end'

/** `/oidc/session/end`: the way out for whom an application sends (OpenID Connect RP-Initiated Logout 1.0 §2), by GET or POST. */
export async function serveEndSession(fastify: FastifyInstance, door: EndSessionDoor): Promise<void> {
  const { visitors, signIn, endSession } = door
  await servePages(fastify, visitors, (pages, by) => {
    pages.get(
      PATH,
      by(async (visitor) => {
        const visit = visitOf(visitors, visitor)
        const read = endSession.requested.bind(endSession, visitor.query)
        return answerOf(visitors, visitor, await signIn.signOut.askFor(read, visit))
      }),
    )
    pages.post(PATH, (request, reply) => carryOn(door, request, reply))
  })
}

/** A POST of another site does nothing here but to come back by GET, with our cookie. */
async function carryOn(door: EndSessionDoor, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { visitors, endSession, basePath } = door
  try {
    const fields = fieldsOf(typeof request.body === 'string' ? request.body : '')
    const query = new URLSearchParams({ request: endSession.carried(fields) })
    reply
      .code(303)
      .header('Location', `${basePath}${PATH}?${query}`)
      .header('Octroi-Request-Id', requestId())
      .header('Cache-Control', 'no-store')
      .header('Referrer-Policy', 'no-referrer')
      .send('')
  } catch (error) {
    visitors.fail(request, reply, error)
  }
}
