import { z } from 'zod'
import { Account } from './account_schemas.ts'
import { showAccount } from './accounts_presenting.ts'
import { endpoint } from './endpoint.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
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
    const { store } = parts
    const page = pageAnswer(await store.accounts.list(pageQuery(query)), query.limit, (account) => account)
    const items = []
    for (const account of page.items) items.push(await showAccount(store, account))
    return { ...page, items }
  },
})
