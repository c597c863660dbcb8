import { Account, AccountUpdate } from './account_schemas.ts'
import { changeAccount } from './accounts_changing.ts'
import { showAccount } from './accounts_presenting.ts'
import { checkAccount } from './accounts_rules.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { IdParams } from './schemas.ts'

export const accountsUpdate = endpoint({
  name: 'accounts.update',
  method: 'PATCH',
  path: '/accounts/{id}',
  summary: 'Change an account, its groups, grants or certificates',
  permission: 'accounts.write',
  params: IdParams,
  body: AccountUpdate,
  response: Account,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const { body, parts } = operation
    const { groups = [], grants = [] } = body
    const account = await changeAccount(operation, {
      change: (before) => ({ ...before, ...given(body) }),
      check: (store) => checkAccount(store, parts, { groups, grants }),
      told: { type: 'account.updated', data: changedFields(body) },
    })
    return showAccount(parts.store, account)
  },
})
