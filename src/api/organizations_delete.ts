import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { requireOrganizationUnnamed } from './people_naming.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const organizationsDelete = endpoint({
  name: 'organizations.delete',
  method: 'DELETE',
  path: '/organizations/{id}',
  summary: 'Delete an organization that no application names',
  description: 'Nobody belongs to it any more, and sessions that act for it end.',
  permission: 'organizations.write',
  params: IdParams,
  status: 204,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `organization:${id}`,
  async handle({ params, parts }) {
    await parts.store.transaction(async (store) => {
      await requireOrganizationUnnamed(store, params.id)
      if (!(await store.organizations.delete(params.id, parts.now().toISOString())))
        throw notFound('organization', params.id)
      await store.events.insert(newEvent('organization.deleted', `organization:${params.id}`))
    })
  },
})
