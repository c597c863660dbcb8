import { newEvent } from '../core/events.ts'
import { requireAccount } from './accounts_holding.ts'
import { endpoint } from './endpoint.ts'
import { IdentityParams } from './identity_schemas.ts'
import { accountFor } from './people_rules.ts'
import { notFound } from './presenting.ts'

export const identitiesDelete = endpoint({
  name: 'identities.delete',
  method: 'DELETE',
  path: '/accounts/{id}/identities/{identity}',
  summary: 'Take an identity from an account: nobody signs in as it by that one, and its sessions end',
  permission: 'accounts.write',
  params: IdentityParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, parts }) {
    await parts.store.transaction(async (store) => {
      const account = await accountFor(store, params.id)
      await requireAccount({ principal, parts }, store, [account])
      const identity = await store.identities.get(params.identity)
      if (identity?.account !== account.id) throw notFound('identity', params.identity)
      await store.identities.delete(identity.id)
      // By which identity a session came is not kept: whoever still has another one signs in again.
      await parts.sessions.endAll(account.id, 'revoked', undefined, store)
      const told = { identity: identity.id, issuer: identity.issuer, method: identity.method }
      await store.events.insert(newEvent('account.unlinked', `account:${account.id}`, told, parts.now()))
    })
  },
})
