import { changeAccount } from './accounts_changing.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const accountsDeletePassword = endpoint({
  name: 'accounts.delete_password',
  method: 'DELETE',
  path: '/accounts/{id}/password',
  summary: 'Take the password of an account away, from the next request',
  permission: 'accounts.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    await changeAccount(operation, {
      change: (before) => ({ ...before, has_password: false }),
      also: (store) => store.accounts.setPassword(operation.params.id, null),
      told: { type: 'account.password_changed', data: { has_password: false } },
    })
  },
})
