import { newEvent } from '../core/events.ts'
import { randomId } from '../core/ids.ts'
import { endpoint } from './endpoint.ts'
import { comingFrom, presentIdentity } from './identities_rules.ts'
import { Identity, IdentityCreate } from './identity_schemas.ts'
import { personFor, requireAdministrator } from './people_rules.ts'
import { IdParams } from './schemas.ts'

export const identitiesCreate = endpoint({
  name: 'identities.create',
  method: 'POST',
  path: '/accounts/{id}/identities',
  summary: 'Say who signs in as this account: somebody at a provider or in a directory',
  description:
    'Needs * besides: whoever has the identity is the account from then on, with all that it will ever be granted.',
  permission: 'accounts.write',
  params: IdParams,
  body: IdentityCreate,
  response: Identity,
  status: 201,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `account:${id}`,
  async handle({ principal, params, body, parts }) {
    requireAdministrator(principal, 'Who signs in as an account')
    const now = parts.now()
    return parts.store.transaction(async (store) => {
      const { id: account } = await personFor(store, params.id)
      const { issuer, method } = await comingFrom(store, body)
      const { subject, label } = body
      const made = { id: randomId(16), account, issuer, subject, method, label }
      const identity = { ...made, created_at: now.toISOString(), last_used_at: null }
      await store.identities.insert(identity)
      const told = { identity: identity.id, issuer, method, by: 'administrator' }
      await store.events.insert(newEvent('account.linked', `account:${account}`, told, now))
      return presentIdentity(identity)
    })
  },
})
