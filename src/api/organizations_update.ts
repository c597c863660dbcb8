import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { Organization, OrganizationUpdate } from './organization_schemas.ts'
import { checkOrganization, organizationFor, presentOrganization, requireOrganization } from './organizations_rules.ts'
import { IdParams } from './schemas.ts'

export const organizationsUpdate = endpoint({
  name: 'organizations.update',
  method: 'PATCH',
  path: '/organizations/{id}',
  summary: 'Change an organization',
  permission: 'organizations.write',
  params: IdParams,
  body: OrganizationUpdate,
  response: Organization,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `organization:${id}`,
  async handle({ principal, params, body, parts }) {
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const before = await organizationFor(store, params.id)
      const organization = { ...before, ...given(body), updated_at: now }
      await requireOrganization({ principal, parts }, store, [before, organization])
      await checkOrganization(store, organization)
      await store.organizations.update(organization)
      await store.events.insert(newEvent('organization.updated', `organization:${params.id}`, changedFields(body)))
      return presentOrganization(organization)
    })
  },
})
