import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const groupsDelete = endpoint({
  name: 'groups.delete',
  method: 'DELETE',
  path: '/groups/{id}',
  summary: 'Delete a group that nobody is in and no route names',
  permission: 'groups.write',
  params: IdParams,
  status: 204,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `group:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      if (!(await store.groups.delete(params.id))) throw notFound('group', params.id)
      await store.events.insert(newEvent('group.deleted', `group:${params.id}`))
    })
  },
})
