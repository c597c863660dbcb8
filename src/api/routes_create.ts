import { newEvent } from '../core/events.ts'
import type { Route as Stored } from '../core/program_types.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made } from './presenting.ts'
import { NewRoute, RouteCreate } from './route_schemas.ts'
import { acceptOf, checkRoute, presentRoute, warningsOf } from './routes_rules.ts'

export const routesCreate = endpoint({
  name: 'routes.create',
  method: 'POST',
  path: '/routes',
  summary: 'Say who passes somebody else’s proxy, and where',
  description:
    'Whoever may write routes decides who gets at what is behind the gate. Everybody (anonymous) is let in by administrators only.',
  permission: 'routes.write',
  body: RouteCreate,
  response: NewRoute,
  status: 201,
  errors: ['conflict'],
  target: (_, answer) => made('route', answer),
  async handle(operation) {
    const { body, parts } = operation
    const { cors, accept, name = `${body.host}${body.path}`.slice(0, 200), ...fields } = body
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const id = await chooseId(body.id, name, async (wanted) => (await store.routes.get(wanted)) !== undefined)
      const times = { created_at: now, updated_at: now }
      const route: Stored = { ...fields, ...times, id, name, accept: acceptOf(accept), cors_origins: cors.origins }
      await checkRoute(store, operation, route)
      await store.routes.insert(route)
      await store.events.insert(newEvent('route.created', `route:${id}`, { name, host: route.host, path: route.path }))
      return { ...presentRoute(route), warnings: warningsOf(route, parts.about.public_url) }
    })
  },
})
