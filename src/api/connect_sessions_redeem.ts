import { z } from 'zod'
import { requireAtConnection } from './connections_rules.ts'
import { presentConnectionWithToken } from './connections_token.ts'
import { endpoint } from './endpoint.ts'
import { made } from './presenting.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectSessionsRedeem = endpoint({
  name: 'connect-sessions.redeem',
  method: 'POST',
  path: '/connect-sessions/{id}/redeem',
  summary: 'Make the connection, with the code that came back to return_url',
  description:
    'By the key that made the session, after its application has seen that the person who came back is the one it sent: a forwarded link must not connect a stranger’s account.',
  permission: 'connect-sessions.write',
  params: IdParams,
  body: z.strictObject({ code: z.string().min(1).max(200) }),
  response: Connection,
  errors: ['not_found', 'conflict', 'identity_changed', 'busy'],
  target: (_, answer) => made('connection', answer),
  async handle({ principal, params, body, parts }) {
    // What the key might do when it made the session need not be what it may now (D6).
    const { id } = await parts.desk.redeem(params.id, principal.key_id, body.code, (connection) =>
      requireAtConnection(principal, 'connections.write', connection),
    )
    return presentConnectionWithToken(parts, id)
  },
})
