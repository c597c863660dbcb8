import type { ItemOf } from '../client/index.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { OrganizationEntry, StateFile } from './state_file.ts'
import type { Step } from './state_plan.ts'
import { missingFrom } from './state_prune.ts'
import { changed, deletion } from './state_steps.ts'

/** Organizations in a state file: what each is, and what its step of a plan sends. Who belongs to them is not part of it. */

type Item = ItemOf<'/organizations'>

export function organizationEntry({ id, siret, label, groups }: OrganizationEntry | Item): Entry {
  return compact({ id, siret, label, groups })
}

export function organizationFaults(file: StateFile, current: Current): string[] {
  const named = file.organizations ?? []
  if (named.length > 0 && current.organizations === undefined)
    return ['organizations: your key may not read them (organizations.read)']
  const missing = missingFrom(file, current)
  return named.flatMap(({ id, groups }) => missing.groups(groups).map((fault) => `organizations: ${id}: ${fault}`))
}

export function organizationStep(entry: OrganizationEntry, { organizations = [] }: Current): Step {
  const base = { noun: 'organization', id: entry.id } as const
  const before = organizations.find(({ id }) => id === entry.id)
  if (before === undefined) {
    const run: Step['run'] = async (server) => {
      await server.post('/organizations', { body: entry })
    }
    return { ...base, action: 'create', fields: [], run }
  }
  const fields = differences(organizationEntry(before), organizationEntry(entry))
  if (fields.length === 0) return { ...base, action: 'unchanged', fields }
  const { id, ...whole } = entry
  const run: Step['run'] = async (server) => {
    await server.patch('/organizations/{id}', { params: { id }, body: changed(whole, fields) })
  }
  return { ...base, action: 'update', fields, run }
}

/** Only where the file speaks of organizations at all. */
export function organizationDeletions({ organizations: named }: StateFile, { organizations = [] }: Current): Step[] {
  if (named === undefined) return []
  return organizations
    .filter(({ id }) => !named.some((entry) => entry.id === id))
    .map(({ id }) =>
      deletion('organization', id, async (server) => {
        await server.delete('/organizations/{id}', { params: { id } })
      }),
    )
}
