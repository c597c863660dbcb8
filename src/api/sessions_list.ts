import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pageQuery } from './presenting.ts'
import { Id, Page, pageOf, text } from './schemas.ts'
import { Session } from './session_schemas.ts'
import { presentSessions } from './sessions_presenting.ts'

export const sessionsList = endpoint({
  name: 'sessions.list',
  method: 'GET',
  path: '/sessions',
  summary: 'List who is signed in',
  permission: 'sessions.read',
  query: z.strictObject({
    ...Page,
    account: Id.optional(),
    host: text(300).optional().describe('At this host behind /forward-auth; empty: at Octroi’s own pages'),
  }),
  response: pageOf(Session),
  async handle({ query, parts }) {
    const { account, host, limit } = query
    const filter = { account, host: host === '' ? null : host?.toLowerCase() }
    const rows = await parts.store.sessions.list(pageQuery(query), filter)
    const items = await presentSessions(parts, rows.slice(0, limit))
    return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  },
})
