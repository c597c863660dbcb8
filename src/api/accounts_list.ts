import { z } from 'zod'
import { Account } from './account_schemas.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery, presentAccount } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

export const accountsList = endpoint({
  name: 'accounts.list',
  method: 'GET',
  path: '/accounts',
  summary: 'List accounts',
  permission: 'accounts.read',
  query: z.strictObject(Page),
  response: pageOf(Account),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.accounts.list(pageQuery(query)), query.limit, presentAccount)
  },
})
