import { z } from 'zod'
import { presentConnector } from './connectors_presenting.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

export const Connector = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  docs: z.string(),
  source: z.string(),
  schemes: z.array(z.string()),
  settings: z.record(z.string(), z.record(z.string(), z.unknown())),
  secrets: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))),
  base_url: z.string(),
  test: z.string().nullable(),
  limits: z.record(z.string(), z.number()),
  grants: z.record(z.string(), z.array(z.string())),
  never: z.array(z.string()),
})

export const connectorsList = endpoint({
  name: 'connectors.list',
  method: 'GET',
  path: '/connectors',
  summary: 'List the catalogue',
  permission: 'connectors.read',
  query: z.strictObject({ ...Page, limit: Page.limit.default(200) }),
  response: pageOf(Connector),
  async handle({ query, parts }) {
    const { cursor = '', limit } = query
    const rest = parts.catalogue
      .list()
      .map(presentConnector)
      .filter(({ id }) => id > cursor)
    return pageAnswer(rest, limit, (connector) => connector)
  },
})
