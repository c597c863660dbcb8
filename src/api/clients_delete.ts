import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const clientsDelete = endpoint({
  name: 'clients.delete',
  method: 'DELETE',
  path: '/clients/{id}',
  summary: 'Delete an application: its secret and the tokens that it was given stop working',
  permission: 'clients.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `client:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      if (!(await store.clients.delete(params.id, parts.now().toISOString()))) throw notFound('application', params.id)
      await store.events.insert(newEvent('client.deleted', `client:${params.id}`))
    })
    // In the other database: after this one knows that it is over.
    await parts.activity.providerEntries.deleteOfClient(params.id)
  },
})
