import { endpoint } from './endpoint.ts'
import { Organization } from './organization_schemas.ts'
import { organizationFor, presentOrganization } from './organizations_rules.ts'
import { IdParams } from './schemas.ts'

export const organizationsGet = endpoint({
  name: 'organizations.get',
  method: 'GET',
  path: '/organizations/{id}',
  summary: 'Read an organization',
  permission: 'organizations.read',
  params: IdParams,
  response: Organization,
  errors: ['not_found'],
  async handle({ params, parts }) {
    return presentOrganization(await organizationFor(parts.store, params.id))
  },
})
