import { requireAccount } from './accounts_holding.ts'
import { endpoint } from './endpoint.ts'
import { accountFor } from './people_rules.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const sessionsDelete = endpoint({
  name: 'sessions.delete',
  method: 'DELETE',
  path: '/sessions/{id}',
  summary: 'End a session, those of hosts that came from it, and the tokens that applications got for it',
  permission: 'sessions.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `session:${id}`,
  async handle({ principal, params, parts }) {
    const { store, sessions } = parts
    const session = await store.sessions.get(params.id)
    if (session === undefined) throw notFound('session', params.id)
    // D6: whoever may not change an account does not send its people away either.
    await requireAccount({ principal, parts }, store, [await accountFor(store, session.account)])
    if (!(await sessions.end(params.id, 'revoked'))) throw notFound('session', params.id)
  },
})
