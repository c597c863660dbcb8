import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Member } from './organization_schemas.ts'
import { organizationFor, presentMembers } from './organizations_rules.ts'
import { pageQuery } from './presenting.ts'
import { IdParams, Page, pageOf } from './schemas.ts'

export const organizationsMembers = endpoint({
  name: 'organizations.members',
  method: 'GET',
  path: '/organizations/{id}/members',
  summary: 'List who belongs to an organization, and who says so',
  permission: 'organizations.read',
  params: IdParams,
  query: z.strictObject(Page),
  response: pageOf(Member),
  errors: ['not_found'],
  async handle({ params, query, parts }) {
    await organizationFor(parts.store, params.id)
    const members = presentMembers(await parts.store.organizations.members(params.id, pageQuery(query)))
    const items = members.slice(0, query.limit)
    return { items, next_cursor: members.length > query.limit ? (items.at(-1)?.account ?? null) : null }
  },
})
