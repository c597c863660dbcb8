import { z } from 'zod'
import { Connector, presentConnector } from './connectors_presenting.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

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
