import { z } from 'zod'
import { newEvent } from '../core/events.ts'
import { connectionFor } from './connections_rules.ts'
import { endpoint } from './endpoint.ts'

export const connectionsDelete = endpoint({
  name: 'connections.delete',
  method: 'DELETE',
  path: '/connections/{id}',
  summary: 'Delete a connection and its secrets',
  permission: 'connections.write',
  params: z.object({ id: z.string() }),
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, parts }) {
    await parts.store.transaction(async (store) => {
      await connectionFor(store, principal, 'connections.write', params.id)
      await store.connections.delete(params.id)
      await store.events.insert(newEvent('connection.deleted', `connection:${params.id}`))
    })
  },
})
