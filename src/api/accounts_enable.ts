import { Account } from './account_schemas.ts'
import { changeAccount } from './accounts_changing.ts'
import { showAccount } from './accounts_presenting.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const accountsEnable = endpoint({
  name: 'accounts.enable',
  method: 'POST',
  path: '/accounts/{id}/enable',
  summary: 'Enable an account again',
  permission: 'accounts.write',
  params: IdParams,
  response: Account,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const account = await changeAccount(operation, {
      change: (before) => ({ ...before, disabled_at: null }),
      told: { type: 'account.enabled' },
    })
    return showAccount(operation.parts.store, account)
  },
})
