import { connectionFor } from './connections_rules.ts'
import { presentConnectionWithToken } from './connections_token.ts'
import { endpoint } from './endpoint.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectionsGet = endpoint({
  name: 'connections.get',
  method: 'GET',
  path: '/connections/{id}',
  summary: 'Read a connection',
  permission: 'connections.read',
  params: IdParams,
  response: Connection,
  errors: ['not_found'],
  async handle({ principal, params, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.read', params.id)
    return presentConnectionWithToken(parts, params.id, stored)
  },
})
