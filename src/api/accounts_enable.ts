import { changeAccount } from './accounts_changing.ts'
import { endpoint } from './endpoint.ts'
import { presentAccount } from './presenting.ts'
import { Account, IdParams } from './schemas.ts'

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
    return presentAccount(
      await changeAccount(operation, (account) => ({ ...account, disabled_at: null }), 'account.enabled'),
    )
  },
})
