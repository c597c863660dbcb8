import type { ItemOf } from '../client/index.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { GroupEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { changed, deletion } from './state_steps.ts'

/** Groups in a state file: what each is, and what its step of a plan sends. */

type Item = ItemOf<'/groups'>

export function groupEntry({ id, name, description, grants }: GroupEntry | Item): Entry {
  return compact({ id, name, description, grants })
}

export function groupFaults(file: StateFile, { groups }: Current): string[] {
  if (file.groups !== undefined && file.groups.length > 0 && groups === undefined)
    return ['groups: your key may not read them (groups.read)']
  if (groups === undefined) return []
  const known = new Set([...groups, ...(file.groups ?? [])].map(({ id }) => id))
  const members = [
    ...file.accounts.map(({ id, groups }) => [`accounts: ${id}`, groups] as const),
    ...file.keys.map(({ account, name, groups }) => [`keys: ${account} ${name}`, groups ?? []] as const),
    ...(file.routes ?? []).map(({ id, allow }) => [`routes: ${id}`, allow.groups] as const),
  ]
  return members.flatMap(([at, named]) =>
    named.filter((id) => !known.has(id)).map((id) => `${at}: there is no group ${id}, here or at the server`),
  )
}

export function groupStep(entry: GroupEntry, { groups = [] }: Current): Step {
  const base = { noun: 'group', id: entry.id } as const
  const before = groups.find(({ id }) => id === entry.id)
  if (before === undefined) {
    const run: Step['run'] = async (server) => {
      await server.post('/groups', { body: entry })
    }
    return { ...base, action: 'create', fields: [], run }
  }
  const fields = differences(groupEntry(before), groupEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  const { id, ...whole } = entry
  const run: Step['run'] = async (server) => {
    await server.patch('/groups/{id}', { params: { id }, body: changed(whole, fields) })
  }
  return { ...base, action: 'update', fields, run }
}

/** Only where the file speaks of groups at all; and never one that the key in use, its account, or people who stay are in. */
export function groupDeletions({ groups: named, accounts: listed }: StateFile, current: Current): Step[] {
  if (named === undefined) return []
  const { accounts, groups = [], self, signedUp } = current
  const own = [...listed, ...accounts].find(({ id }) => id === self.account)
  const ofPeople = accounts.filter(({ id }) => signedUp.has(id)).flatMap((account) => account.groups)
  const kept = new Set([...named.map(({ id }) => id), ...(self.groups ?? []), ...(own?.groups ?? []), ...ofPeople])
  return groups
    .filter(({ id }) => !kept.has(id))
    .map(({ id }) =>
      deletion('group', id, async (server) => {
        await server.delete('/groups/{id}', { params: { id } })
      }),
    )
}
