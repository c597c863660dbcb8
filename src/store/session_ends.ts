import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { MainTables } from './schema.ts'

/**
 * Ends the sessions that the condition finds and those of hosts below them, and revokes what applications got for them. How many it found.
 * The caller is `alone`: a key that is given at the same moment is either found here, or refused since its session is gone.
 */
export async function endSessions(db: Kysely<MainTables>, found: RawBuilder<unknown>, now: string): Promise<number> {
  await sql`
    with recursive ended (id) as (
      select id from sessions where ${found}
      union select below.id from sessions below join ended on below.parent = ended.id)
    update api_keys set revoked_at = ${now}, updated_at = ${now} where revoked_at is null
      and id in (select key_id from session_keys where session_id in (select id from ended))`.execute(db)
  // Counted before: what a cascade deletes is not.
  const { rows } = await sql<{ count: number }>`select count(*) as count from sessions where ${found}`.execute(db)
  await sql`delete from sessions where ${found}`.execute(db)
  return Number(rows[0]?.count)
}

/** Revokes keys of applications, and takes note that no session has them any more. */
export async function revokeSessionKeys(
  db: Kysely<MainTables>,
  found: RawBuilder<unknown>,
  now: string,
): Promise<void> {
  await sql`
    update api_keys set revoked_at = ${now}, updated_at = ${now} where revoked_at is null
      and id in (select key_id from session_keys where ${found})`.execute(db)
  await sql`update session_keys set session_id = null where ${found}`.execute(db)
}
