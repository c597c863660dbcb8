import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ApiKey } from './key_schemas.ts'
import { pageAnswer, pageQuery, presentKey } from './presenting.ts'
import { Id, Page, pageOf } from './schemas.ts'

export const keysList = endpoint({
  name: 'keys.list',
  method: 'GET',
  path: '/keys',
  summary: 'List API keys',
  permission: 'keys.read',
  query: z.strictObject({ ...Page, account: Id.optional(), group: Id.optional() }),
  response: pageOf(ApiKey),
  async handle({ query, parts }) {
    const rows = await parts.store.keys.list(pageQuery(query), { account: query.account, group: query.group })
    const uses = await parts.activity.lastUses(rows.map(({ id }) => id))
    return pageAnswer(rows, query.limit, (key) => presentKey(parts, key, uses.get(key.id) ?? null))
  },
})
