import type { z } from 'zod'
import { changeAccount } from './accounts_changing.ts'
import { endpoint } from './endpoint.ts'
import { presentAccount } from './presenting.ts'
import { Account, IdParams } from './schemas.ts'

export const accountsDisable = endpoint({
  name: 'accounts.disable',
  method: 'POST',
  path: '/accounts/{id}/disable',
  summary: 'Disable an account: its keys stop working from the next request',
  permission: 'accounts.write',
  params: IdParams,
  response: Account,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const disable = (account: z.output<typeof Account>, now: string) => ({
      ...account,
      disabled_at: account.disabled_at ?? now,
    })
    return presentAccount(await changeAccount(operation, disable, 'account.disabled'))
  },
})
