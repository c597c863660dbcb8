import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { grantContext, requireHeld } from './grant_context.ts'
import { Group, GroupUpdate } from './group_schemas.ts'
import { holdingsOfGroup } from './holdings.ts'
import { checkGrants } from './keys_making.ts'
import { notFound, presentGroup } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const groupsUpdate = endpoint({
  name: 'groups.update',
  method: 'PATCH',
  path: '/groups/{id}',
  summary: 'Change a group, or what its accounts may do',
  permission: 'groups.write',
  params: IdParams,
  body: GroupUpdate,
  response: Group,
  errors: ['not_found'],
  target: ({ id }) => `group:${id}`,
  async handle({ principal, params, body, parts }) {
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const before = await store.groups.get(params.id)
      if (before === undefined) throw notFound('group', params.id)
      const group = { ...before, ...given(body), updated_at: now }
      const holdings = [before, group].map((one) => holdingsOfGroup(one, principal))
      await requireHeld(store, parts.catalogue, principal, holdings)
      const { grants = [] } = body
      checkGrants(grants, await grantContext(store, parts.catalogue, grants))
      await store.groups.update(group)
      await store.events.insert(newEvent('group.updated', `group:${group.id}`, changedFields(body)))
      return presentGroup(group)
    })
  },
})
