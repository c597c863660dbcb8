import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

const Event = z.object({
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  at: z.string(),
  data: z.record(z.string(), z.unknown()),
})

export const eventsList = endpoint({
  name: 'events.list',
  method: 'GET',
  path: '/events',
  summary: 'What happened to connections, keys and accounts, newest first',
  permission: 'events.read',
  query: z.strictObject({ ...Page, type: z.string().max(100).optional(), subject: z.string().max(200).optional() }),
  response: pageOf(Event),
  async handle({ query, parts }) {
    const { type, subject } = query
    const rows = await parts.store.events.list(pageQuery(query), { type, subject })
    return pageAnswer(rows, query.limit, (row) => ({ ...row, data: { ...row.data } }))
  },
})
