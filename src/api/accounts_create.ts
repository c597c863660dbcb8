import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made, presentAccount } from './presenting.ts'
import { Account, AccountCreate } from './schemas.ts'

export const accountsCreate = endpoint({
  name: 'accounts.create',
  method: 'POST',
  path: '/accounts',
  summary: 'Make an account for a program',
  permission: 'accounts.write',
  body: AccountCreate,
  response: Account,
  status: 201,
  errors: ['conflict'],
  target: (_, answer) => made('account', answer),
  async handle({ body, parts }) {
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const id = await chooseId(body.id, body.name, async (wanted) => (await store.accounts.get(wanted)) !== undefined)
      const { kind, name, description } = body
      const account = { id, kind, name, description, disabled_at: null, created_at: now, updated_at: now }
      await store.accounts.insert(account)
      await store.events.insert(newEvent('account.created', `account:${id}`, { name }))
      return presentAccount(account)
    })
  },
})
