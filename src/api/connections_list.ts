import { z } from 'zod'
import { holdsAtConnection } from '../policy/permissions.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery, presentConnection } from './presenting.ts'
import { Connection, Id, Page, pageOf } from './schemas.ts'

export const connectionsList = endpoint({
  name: 'connections.list',
  method: 'GET',
  path: '/connections',
  summary: 'List connections',
  permission: 'connections.read',
  query: z.strictObject({ ...Page, connector: Id.optional(), state: Connection.shape.state.optional() }),
  response: pageOf(Connection),
  async handle({ principal, query, parts }) {
    const { connector, state } = query
    const rows = await parts.store.connections.list(pageQuery(query), { connector, state })
    const page = pageAnswer(rows, query.limit, (row) => row)
    // A page may be shorter than asked for; the cursor still leads on.
    const mine = page.items.filter((row) => holdsAtConnection(principal.permissions, 'connections.read', row))
    return { ...page, items: mine.map(presentConnection) }
  },
})
