import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { Route } from './route_schemas.ts'
import { presentRoute } from './routes_rules.ts'
import { Page, pageOf } from './schemas.ts'

export const routesList = endpoint({
  name: 'routes.list',
  method: 'GET',
  path: '/routes',
  summary: 'List routes',
  permission: 'routes.read',
  query: z.strictObject(Page),
  response: pageOf(Route),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.routes.list(pageQuery(query)), query.limit, presentRoute)
  },
})
