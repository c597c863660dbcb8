import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Account as Stored } from '../core/types.ts'
import { Account, AccountCreate } from './account_schemas.ts'
import { requireAccount } from './accounts_holding.ts'
import { showAccount } from './accounts_presenting.ts'
import { checkAccount, checkPassword, requireOwnMarks } from './accounts_rules.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made } from './presenting.ts'

export const accountsCreate = endpoint({
  name: 'accounts.create',
  method: 'POST',
  path: '/accounts',
  summary: 'Make an account for a program or a person',
  description:
    'Its grants and those of its groups are for when it calls in by itself (Basic, JWT, certificate); its keys have their own. A password is kept as a hash; that of a person keeps the rules of sign-in.',
  permission: 'accounts.write',
  body: AccountCreate,
  response: Account,
  status: 201,
  errors: ['conflict'],
  target: (_, answer) => made('account', answer),
  async handle({ principal, body, parts }) {
    if (body.password !== undefined) checkPassword(body.password, { ...body, id: body.id ?? '' })
    const hash = body.password === undefined ? null : await parts.passwords.hash(body.password)
    return parts.store.transaction(async (store) => {
      const id = await chooseId(body.id, body.name, async (wanted) => (await store.accounts.get(wanted)) !== undefined)
      const account = accountOf(id, body, parts.now().toISOString())
      await requireAccount({ principal, parts }, store, [account])
      await requireOwnMarks(store, principal, account)
      await checkAccount(store, parts, account)
      await store.accounts.insert(account)
      if (hash !== null) await store.accounts.setPassword(id, hash)
      await store.events.insert(newEvent('account.created', `account:${id}`, { name: account.name }))
      return showAccount(store, account)
    })
  },
})

function accountOf(id: string, { password, ...fields }: z.output<typeof AccountCreate>, now: string): Stored {
  return { ...fields, id, has_password: password !== undefined, disabled_at: null, created_at: now, updated_at: now }
}
