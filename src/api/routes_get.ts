import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { Route } from './route_schemas.ts'
import { presentRoute } from './routes_rules.ts'
import { IdParams } from './schemas.ts'

export const routesGet = endpoint({
  name: 'routes.get',
  method: 'GET',
  path: '/routes/{id}',
  summary: 'Read a route',
  permission: 'routes.read',
  params: IdParams,
  response: Route,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const route = await parts.store.routes.get(params.id)
    if (route === undefined) throw notFound('route', params.id)
    return presentRoute(route)
  },
})
