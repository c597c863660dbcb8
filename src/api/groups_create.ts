import { newEvent } from '../core/events.ts'
import { endpoint } from './endpoint.ts'
import { grantContext, requireHeld } from './grant_context.ts'
import { Group, GroupCreate } from './group_schemas.ts'
import { holdingsOfGroup } from './holdings.ts'
import { checkGrants } from './keys_making.ts'
import { chooseId, made, presentGroup } from './presenting.ts'

export const groupsCreate = endpoint({
  name: 'groups.create',
  method: 'POST',
  path: '/groups',
  summary: 'Make a group of keys and accounts',
  description:
    'Routes name it by its id. Its grants are for its accounts when they call in by themselves; keys have their own.',
  permission: 'groups.write',
  body: GroupCreate,
  response: Group,
  status: 201,
  errors: ['conflict'],
  target: (_, answer) => made('group', answer),
  async handle({ principal, body, parts }) {
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      // Routes and files name a group by its code: a second one of the name gets no other code, but a refusal.
      const id = await chooseId(body.id, body.name, async () => false)
      const group = { ...body, id, created_at: now, updated_at: now }
      // Nobody is in it yet, so nobody has to be.
      await requireHeld(store, parts.catalogue, principal, [{ ...holdingsOfGroup(group, principal), groups: [] }])
      checkGrants(group.grants, await grantContext(store, parts.catalogue, group.grants))
      await store.groups.insert(group)
      await store.events.insert(newEvent('group.created', `group:${id}`, { name: group.name }))
      return presentGroup(group)
    })
  },
})
