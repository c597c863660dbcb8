import type { Kysely } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import { chunks } from './chunks.ts'
import type { MainTables } from './schema.ts'

/** Refuse what the references of the tables would refuse, by a name. */

export async function requireAccount(db: Kysely<MainTables>, id: string): Promise<void> {
  const found = await db.selectFrom('accounts').select('id').where('id', '=', id).executeTakeFirst()
  if (found === undefined) throw new OctroiError('conflict', `There is no account ${id}.`)
}

export async function requireOrganizations(db: Kysely<MainTables>, ids: readonly string[]): Promise<void> {
  for (const part of chunks(ids, 1_000)) {
    const rows = await db.selectFrom('organizations').select('id').where('id', 'in', part).execute()
    const found = new Set(rows.map(({ id }) => id))
    const missing = part.find((id) => !found.has(id))
    if (missing !== undefined) throw new OctroiError('conflict', `There is no organization ${missing}.`)
  }
}
