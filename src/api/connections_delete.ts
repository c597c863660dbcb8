import { newEvent } from '../core/events.ts'
import { connectionFor } from './connections_rules.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const connectionsDelete = endpoint({
  name: 'connections.delete',
  method: 'DELETE',
  path: '/connections/{id}',
  summary: 'Delete a connection and its secrets',
  description:
    'Where the service can end tokens, it is asked to end those of the connection; it is deleted in any case.',
  permission: 'connections.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, parts }) {
    const deleted = await parts.store.transaction(async (store) => {
      const stored = await connectionFor(store, principal, 'connections.write', params.id)
      await store.connections.delete(params.id)
      await store.events.insert(newEvent('connection.deleted', `connection:${params.id}`))
      return stored
    })
    await parts.revocations.end(deleted)
  },
})
