import { newEvent } from '../core/events.ts'
import type { Store } from '../core/stores.ts'
import { requireAccount } from './accounts_holding.ts'
import { endpoint } from './endpoint.ts'
import { FactorParams, FactorRemoval } from './factor_schemas.ts'
import { accountFor } from './people_rules.ts'
import { notFound } from './presenting.ts'

export const factorsDelete = endpoint({
  name: 'factors.delete',
  method: 'DELETE',
  path: '/accounts/{id}/factors/{factor}',
  summary: 'Take a passkey or an authenticator app from a person who lost it',
  description: 'With the last of them the recovery codes go. Sessions of the person end unless they are to be kept.',
  permission: 'accounts.write',
  params: FactorParams,
  query: FactorRemoval,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, query, parts }) {
    const now = parts.now()
    await parts.store.transaction(async (store) => {
      const account = await accountFor(store, params.id)
      // One factor less is a door less to open: whoever takes it must hold what is behind it (D6).
      await requireAccount({ principal, parts }, store, [account])
      const kind = await removed(store, account.id, params.factor)
      if (kind === undefined) throw notFound('factor', params.factor)
      const left = [...(await store.factors.totps(account.id)), ...(await store.factors.passkeys(account.id))]
      if (left.length === 0) await store.factors.setRecoveryCodes(account.id, [], now.toISOString())
      if (query.sessions === 'end') await parts.sessions.endAll(account.id, 'factors_changed', undefined, store)
      const told = { factor: kind, by: 'administrator' }
      await store.events.insert(newEvent('account.factor_removed', `account:${account.id}`, told, now))
    })
  },
})

async function removed({ factors }: Store, account: string, id: string): Promise<'totp' | 'passkey' | undefined> {
  if ((await factors.totps(account)).some((factor) => factor.id === id)) {
    await factors.deleteTotp(id)
    return 'totp'
  }
  if ((await factors.passkey(id))?.account !== account) return undefined
  await factors.deletePasskey(id)
  return 'passkey'
}
