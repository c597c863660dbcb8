import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { MemberParams } from './organization_schemas.ts'
import { organizationFor, requireMember } from './organizations_rules.ts'

export const organizationsRemoveMember = endpoint({
  name: 'organizations.remove_member',
  method: 'DELETE',
  path: '/organizations/{id}/members/{account}',
  summary: 'Take a person out of an organization: sessions that act for it end',
  description:
    'Whoever said that he belongs to it. A provider whose claims still say so brings him back at his next sign-in.',
  permission: 'organizations.write',
  params: MemberParams,
  status: 204,
  errors: ['not_found'],
  target: ({ id }) => `organization:${id}`,
  async handle({ principal, params, parts }) {
    const { id, account } = params
    const now = parts.now().toISOString()
    await parts.store.transaction(async (store) => {
      const organization = await organizationFor(store, id)
      await requireMember({ principal, parts }, store, organization, account)
      const memberships = await store.organizations.membershipsOf(account)
      const sources = memberships.filter((one) => one.organization === id).map(({ source }) => source)
      if (sources.length === 0)
        throw new OctroiError('not_found', `The account ${account} does not belong to the organization ${id}.`)
      for (const source of sources) {
        const others = memberships.filter((one) => one.source === source && one.organization !== id)
        const rest = others.map((one) => one.organization)
        await store.organizations.setMemberships(account, source, rest, now)
      }
      const event = newEvent('organization.updated', `organization:${id}`, { fields: ['members'], account })
      await store.events.insert(event)
    })
  },
})
