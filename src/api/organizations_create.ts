import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { Organization, OrganizationCreate } from './organization_schemas.ts'
import { checkOrganization, presentOrganization, requireOrganization } from './organizations_rules.ts'
import { chooseId, made } from './presenting.ts'

export const organizationsCreate = endpoint({
  name: 'organizations.create',
  method: 'POST',
  path: '/organizations',
  summary: 'Make an organization that people act for',
  permission: 'organizations.write',
  body: OrganizationCreate,
  response: Organization,
  status: 201,
  errors: ['conflict'],
  target: (_, answer) => made('organization', answer),
  async handle({ principal, body, parts }) {
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const taken = async (wanted: string) => (await store.organizations.get(wanted)) !== undefined
      const id = await chooseId(body.id, body.label, taken)
      const organization = { ...body, id, created_at: now, updated_at: now }
      await requireOrganization({ principal, parts }, store, [organization])
      await checkOrganization(store, organization)
      await store.organizations.insert(organization)
      const { label, siret } = organization
      await store.events.insert(newEvent('organization.created', `organization:${id}`, { label, siret }))
      return presentOrganization(organization)
    })
  },
})
