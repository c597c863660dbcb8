import type { Kysely } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { MainTables } from './schema.ts'

/** Refuses what the references of the tables would refuse, by a name. */
export async function requireGroups(db: Kysely<MainTables>, groups: readonly string[]): Promise<void> {
  if (groups.length === 0) return
  const found = await existingGroups(db, groups)
  const missing = groups.find((id) => !found.has(id))
  if (missing !== undefined) throw new OctroiError('conflict', `There is no group ${missing}.`)
}

export async function existingGroups(db: Kysely<MainTables>, groups: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (let i = 0; i < groups.length; i += PART) {
    const part = groups.slice(i, i + PART)
    for (const { id } of await db.selectFrom('groups').select('id').where('id', 'in', part).execute()) found.add(id)
  }
  return found
}

/** Far below the parameters that either engine takes in one statement. */
const PART = 1_000
