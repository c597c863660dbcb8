import { OctroiError } from '../core/errors.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const connectorAppsDelete = endpoint({
  name: 'connector-apps.delete',
  method: 'DELETE',
  path: '/connectors/{id}/app',
  summary: 'Forget how your application is registered at a service',
  description: 'Refused while connections use it.',
  permission: 'connectors.write',
  params: IdParams,
  status: 204,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `connector:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      const [user] = await store.connections.list({ limit: 1 }, { app: params.id })
      if (user !== undefined) throw new OctroiError('conflict', `Connections use it (${user.id} is one).`)
      if (!(await store.apps.delete(params.id))) throw notFound('application of the connector', params.id)
    })
  },
})
