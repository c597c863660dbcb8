import { Accesses } from './access_schemas.ts'
import { endpoint } from './endpoint.ts'
import { accountFor } from './people_rules.ts'
import { IdParams } from './schemas.ts'

export const accountsApplicationsList = endpoint({
  name: 'accounts.applications_list',
  method: 'GET',
  path: '/accounts/{id}/applications',
  summary: 'List the applications that know a person by the OpenID provider',
  permission: 'sessions.read',
  params: IdParams,
  response: Accesses,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const { id } = await accountFor(parts.store, params.id)
    const items = await parts.access.of(id)
    return { items: items.map((one) => ({ ...one, scopes: [...one.scopes], resources: [...one.resources] })) }
  },
})
