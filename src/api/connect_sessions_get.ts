import { ConnectSession } from './connect_session_schemas.ts'
import { presentSession } from './connect_sessions_presenting.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const connectSessionsGet = endpoint({
  name: 'connect-sessions.get',
  method: 'GET',
  path: '/connect-sessions/{id}',
  summary: 'Read how far a connect session of this key has come',
  permission: 'connect-sessions.write',
  params: IdParams,
  response: ConnectSession,
  errors: ['not_found'],
  async handle({ principal, params, parts }) {
    const session = await parts.store.connectSessions.get(params.id)
    if (session?.key_id !== principal.key_id) throw notFound('connect session', params.id)
    return presentSession(session, parts.now())
  },
})
