import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Organization } from './organization_schemas.ts'
import { presentOrganization } from './organizations_rules.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

export const organizationsList = endpoint({
  name: 'organizations.list',
  method: 'GET',
  path: '/organizations',
  summary: 'List organizations',
  permission: 'organizations.read',
  query: z.strictObject(Page),
  response: pageOf(Organization),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.organizations.list(pageQuery(query)), query.limit, presentOrganization)
  },
})
