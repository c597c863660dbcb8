import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { requireOpening } from './routes_rules.ts'
import { IdParams } from './schemas.ts'

export const routesDelete = endpoint({
  name: 'routes.delete',
  method: 'DELETE',
  path: '/routes/{id}',
  summary: 'Delete a route: a wider one, or nobody, answers for it from the next request',
  permission: 'routes.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `route:${id}`,
  async handle({ principal, params, parts }) {
    await parts.store.transaction(async (store) => {
      const route = await store.routes.get(params.id)
      if (route === undefined) throw notFound('route', params.id)
      requireOpening(principal, await store.routes.all(), undefined, route)
      await store.routes.delete(route.id)
      await store.events.insert(newEvent('route.deleted', `route:${route.id}`, { host: route.host, path: route.path }))
    })
  },
})
