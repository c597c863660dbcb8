import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { Member, MemberParams } from './organization_schemas.ts'
import { organizationFor, presentMembers, requireMember, requirePerson } from './organizations_rules.ts'

export const organizationsAddMember = endpoint({
  name: 'organizations.add_member',
  method: 'PUT',
  path: '/organizations/{id}/members/{account}',
  summary: 'Say that a person belongs to an organization, whatever a provider says',
  permission: 'organizations.write',
  params: MemberParams,
  response: Member,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `organization:${id}`,
  async handle({ principal, params, parts }) {
    const { id, account } = params
    return parts.store.transaction(async (store) => {
      const organization = await organizationFor(store, id)
      requirePerson(await requireMember({ principal, parts }, store, organization, account))
      const before = await store.organizations.membershipsOf(account)
      const manual = before.filter(({ source }) => source === 'manual').map((one) => one.organization)
      const wanted = [...new Set([...manual, id])]
      await store.organizations.setMemberships(account, 'manual', wanted, parts.now().toISOString())
      const event = newEvent('organization.updated', `organization:${id}`, { fields: ['members'], account })
      if (!manual.includes(id)) await store.events.insert(event)
      const after = await store.organizations.membershipsOf(account)
      const [member] = presentMembers(after.filter((one) => one.organization === id))
      return member as NonNullable<typeof member>
    })
  },
})
