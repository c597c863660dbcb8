import { Account } from './account_schemas.ts'
import { showAccount } from './accounts_presenting.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const accountsGet = endpoint({
  name: 'accounts.get',
  method: 'GET',
  path: '/accounts/{id}',
  summary: 'Read an account',
  permission: 'accounts.read',
  params: IdParams,
  response: Account,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const account = await parts.store.accounts.get(params.id)
    if (account === undefined) throw notFound('account', params.id)
    return showAccount(parts.store, account)
  },
})
