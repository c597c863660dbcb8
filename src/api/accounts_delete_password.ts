import { changeAccount } from './accounts_changing.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'

export const accountsDeletePassword = endpoint({
  name: 'accounts.delete_password',
  method: 'DELETE',
  path: '/accounts/{id}/password',
  summary: 'Take the password of an account away, from the next request; sessions of a person end',
  permission: 'accounts.write',
  params: IdParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const { params, parts } = operation
    await changeAccount(operation, {
      change: (before) => ({ ...before, has_password: false }),
      also: async (store) => {
        await store.accounts.setPassword(params.id, null)
        await parts.sessions.endAll(params.id, 'password_changed', undefined, store)
      },
      told: { type: 'account.password_changed', data: { has_password: false } },
    })
    await parts.links.forget(params.id)
  },
})
