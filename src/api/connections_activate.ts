import { connectionFor } from './connections_rules.ts'
import { endpoint } from './endpoint.ts'
import { presentConnection } from './presenting.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectionsActivate = endpoint({
  name: 'connections.activate',
  method: 'POST',
  path: '/connections/{id}/activate',
  summary: 'Put a connection that a restore suspended back into service',
  permission: 'connections.write',
  params: IdParams,
  response: Connection,
  errors: ['not_found'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, parts }) {
    const { connection } = await connectionFor(parts.store, principal, 'connections.write', params.id)
    if (connection.state !== 'suspended') return presentConnection(connection)
    const since = parts.now().toISOString()
    await parts.store.connections.setState(connection.id, 'ready', null, since)
    return presentConnection({ ...connection, state: 'ready', state_reason: null, state_since: since })
  },
})
