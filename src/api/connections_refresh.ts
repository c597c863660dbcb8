import { OctroiError } from '../core/errors.ts'
import { connectionFor } from './connections_rules.ts'
import { endpoint } from './endpoint.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectionsRefresh = endpoint({
  name: 'connections.refresh',
  method: 'POST',
  path: '/connections/{id}/refresh',
  summary: 'Renew the token of a connection now',
  description: 'Schemes whose secrets do not expire (basic, api_key) have nothing to renew and answer 501.',
  permission: 'connections.write',
  params: IdParams,
  response: Connection,
  errors: ['not_found', 'unsupported'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, parts }) {
    const { connection } = await connectionFor(parts.store, principal, 'connections.write', params.id)
    throw new OctroiError(
      'unsupported',
      `The scheme ${connection.scheme} has no token to renew: its secrets do not expire.`,
    )
  },
})
