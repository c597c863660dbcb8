import type { FastifyInstance } from 'fastify'
import type { Outcome, Visit } from '../sign_in/desk/visit.ts'
import { type PeopleDoor, servePages } from './sign_in_routes.ts'
import { answerOf, visitOf } from './sign_in_views.ts'
import type { Visitor } from './visitor.ts'

/** `/session/...`: the way on to a host for whoever is signed in, and the way out. */
export async function serveSessions(fastify: FastifyInstance, door: PeopleDoor): Promise<void> {
  const { visitors, signIn } = door
  const { desk, signOut } = signIn
  await servePages(fastify, visitors, (pages, by) => {
    const told = (work: (visitor: Visitor, visit: Visit) => Promise<Outcome>) =>
      by(async (visitor) => answerOf(visitors, visitor, await work(visitor, visitOf(visitors, visitor))))
    // The same as the sign-in: who is signed in already is led on at once.
    pages.get(
      '/session/host',
      told(({ query }, visit) => desk.start(query, visit)),
    )
    pages.get(
      '/session/sign-out',
      told(({ query }, visit) => signOut.ask(query, visit)),
    )
    pages.post(
      '/session/sign-out',
      told(({ form }, visit) => signOut.leave(form, visit)),
    )
    pages.get(
      '/session/signed-out',
      told(({ query }, visit) => signOut.left(query, visit)),
    )
  })
}
