import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'
import { Session } from './session_schemas.ts'
import { presentSessions } from './sessions_presenting.ts'

export const sessionsGet = endpoint({
  name: 'sessions.get',
  method: 'GET',
  path: '/sessions/{id}',
  summary: 'Read a session',
  permission: 'sessions.read',
  params: IdParams,
  response: Session,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const session = await parts.store.sessions.get(params.id)
    if (session === undefined) throw notFound('session', params.id)
    const [shown] = await presentSessions(parts, [session])
    return shown as NonNullable<typeof shown>
  },
})
