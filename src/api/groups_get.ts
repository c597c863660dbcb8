import { endpoint } from './endpoint.ts'
import { Group } from './group_schemas.ts'
import { notFound, presentGroup } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const groupsGet = endpoint({
  name: 'groups.get',
  method: 'GET',
  path: '/groups/{id}',
  summary: 'Read a group',
  permission: 'groups.read',
  params: IdParams,
  response: Group,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const group = await parts.store.groups.get(params.id)
    if (group === undefined) throw notFound('group', params.id)
    return presentGroup(group)
  },
})
