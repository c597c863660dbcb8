import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Group } from './group_schemas.ts'
import { pageAnswer, pageQuery, presentGroup } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

export const groupsList = endpoint({
  name: 'groups.list',
  method: 'GET',
  path: '/groups',
  summary: 'List groups',
  permission: 'groups.read',
  query: z.strictObject(Page),
  response: pageOf(Group),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.groups.list(pageQuery(query)), query.limit, presentGroup)
  },
})
