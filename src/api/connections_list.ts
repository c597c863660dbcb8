import { z } from 'zod'
import type { Connection as Stored } from '../core/types.ts'
import { holdsAtConnection } from '../policy/permissions.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer, presentConnection } from './presenting.ts'
import { Connection, Id, Page, pageOf } from './schemas.ts'

const BATCH = 201

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
    const mine: Stored[] = []
    // Filtered before it is cut into pages: a cursor that is the id of somebody else's connection would tell that it exists.
    for (let after = query.cursor; ; ) {
      const rows = await parts.store.connections.list({ limit: BATCH, after }, { connector, state })
      mine.push(...rows.filter((row) => holdsAtConnection(principal.permissions, 'connections.read', row)))
      if (mine.length > query.limit || rows.length < BATCH) return pageAnswer(mine, query.limit, presentConnection)
      after = rows.at(-1)?.id
    }
  },
})
