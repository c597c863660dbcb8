import { Account } from './account_schemas.ts'
import { changeAccount } from './accounts_changing.ts'
import { showAccount } from './accounts_presenting.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const accountsDisable = endpoint({
  name: 'accounts.disable',
  method: 'POST',
  path: '/accounts/{id}/disable',
  summary: 'Disable an account: it, its keys and its sessions stop working from the next request',
  permission: 'accounts.write',
  params: IdParams,
  response: Account,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const { params, parts } = operation
    const account = await changeAccount(operation, {
      change: (before, now) => ({ ...before, disabled_at: before.disabled_at ?? now }),
      // For good: enabled again, it is signed in nowhere.
      also: async (store) => {
        await parts.sessions.endAll(params.id, 'disabled', undefined, store)
      },
      told: { type: 'account.disabled' },
    })
    await parts.activity.tickets.deleteOfAccount(params.id)
    return showAccount(parts.store, account)
  },
})
