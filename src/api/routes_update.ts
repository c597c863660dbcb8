import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Route as Stored } from '../core/program_types.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { notFound } from './presenting.ts'
import { NewRoute, RouteUpdate } from './route_schemas.ts'
import { acceptOf, checkRoute, presentRoute, warningsOf } from './routes_rules.ts'
import { IdParams } from './schemas.ts'

export const routesUpdate = endpoint({
  name: 'routes.update',
  method: 'PATCH',
  path: '/routes/{id}',
  summary: 'Change who passes at a route, or where it is',
  permission: 'routes.write',
  params: IdParams,
  body: RouteUpdate,
  response: NewRoute,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `route:${id}`,
  async handle(operation) {
    const { params, body, parts } = operation
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const before = await store.routes.get(params.id)
      if (before === undefined) throw notFound('route', params.id)
      const route = { ...changed(before, body), updated_at: now }
      await checkRoute(store, operation, route, before)
      await store.routes.update(route)
      await store.events.insert(newEvent('route.updated', `route:${route.id}`, changedFields(body)))
      return { ...presentRoute(route), warnings: warningsOf(route, parts.about.public_url) }
    })
  },
})

function changed(before: Stored, { accept, cors, ...fields }: z.output<typeof RouteUpdate>): Stored {
  return {
    ...before,
    ...given(fields),
    accept: accept === undefined ? before.accept : acceptOf(accept),
    cors_origins: cors?.origins ?? before.cors_origins,
  }
}
