import { endpoint } from './endpoint.ts'
import { presentIdentity } from './identities_rules.ts'
import { Identities } from './identity_schemas.ts'
import { accountFor } from './people_rules.ts'
import { IdParams } from './schemas.ts'

export const identitiesList = endpoint({
  name: 'identities.list',
  method: 'GET',
  path: '/accounts/{id}/identities',
  summary: 'Read who a person is at the providers and directories by which he signs in',
  permission: 'accounts.read',
  params: IdParams,
  response: Identities,
  errors: ['not_found'],
  async handle({ params, parts }) {
    await accountFor(parts.store, params.id)
    return { items: (await parts.store.identities.of(params.id)).map(presentIdentity) }
  },
})
