import { Account } from './account_schemas.ts'
import { changeAccount } from './accounts_changing.ts'
import { endpoint } from './endpoint.ts'
import { presentAccount } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const accountsDisable = endpoint({
  name: 'accounts.disable',
  method: 'POST',
  path: '/accounts/{id}/disable',
  summary: 'Disable an account: it and its keys stop working from the next request',
  permission: 'accounts.write',
  params: IdParams,
  response: Account,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const account = await changeAccount(operation, {
      change: (before, now) => ({ ...before, disabled_at: before.disabled_at ?? now }),
      told: { type: 'account.disabled' },
    })
    return presentAccount(account)
  },
})
