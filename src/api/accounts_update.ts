import { changeAccount } from './accounts_changing.ts'
import { endpoint } from './endpoint.ts'
import { presentAccount } from './presenting.ts'
import { Account, AccountUpdate, IdParams } from './schemas.ts'

export const accountsUpdate = endpoint({
  name: 'accounts.update',
  method: 'PATCH',
  path: '/accounts/{id}',
  summary: 'Rename or describe an account',
  permission: 'accounts.write',
  params: IdParams,
  body: AccountUpdate,
  response: Account,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const { name, description } = operation.body
    return presentAccount(
      await changeAccount(operation, (account) => ({
        ...account,
        name: name ?? account.name,
        description: description ?? account.description,
      })),
    )
  },
})
