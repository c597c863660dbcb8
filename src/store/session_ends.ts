import { type Kysely, type RawBuilder, sql } from 'kysely'
import { noteLogouts } from './logout_notices.ts'
import type { MainTables } from './schema.ts'

/**
 * Ends the sessions that the condition finds and those of hosts below them, revokes what applications got for them, and takes note of whom
 * to tell. How many it found.
 * The caller is `alone`: a key that is given at the same moment is either found here, or refused since its session is gone.
 */
export async function endSessions(db: Kysely<MainTables>, found: RawBuilder<unknown>, now: string): Promise<number> {
  await sql`
    with recursive ended (id) as (
      select id from sessions where ${found}
      union select below.id from sessions below join ended on below.parent = ended.id)
    update api_keys set revoked_at = ${now}, updated_at = ${now} where revoked_at is null
      and id in (select key_id from session_keys where session_id in (select id from ended))`.execute(db)
  await noteLogouts(
    db,
    sql`x.session_id in (
      with recursive ended (id) as (
        select id from sessions where ${found}
        union select below.id from sessions below join ended on below.parent = ended.id)
      select id from ended)`,
    now,
  )
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

/**
 * Revokes keys of applications that say groups which their person no longer has, of his own or by the organization of their session: what
 * such a key says does not change by itself. `owner` and `organization` are the ones that were changed.
 */
export async function revokeOutgrown(
  db: Kysely<MainTables>,
  changed: { readonly account: string } | { readonly organization: string },
  now: string,
): Promise<void> {
  const of =
    'account' in changed ? sql`k.account_id = ${changed.account}` : sql`s.organization = ${changed.organization}`
  await sql`
    update api_keys set revoked_at = ${now}, updated_at = ${now} where revoked_at is null and id in (
      select k.id from api_keys k join session_keys x on x.key_id = k.id join sessions s on s.id = x.session_id
        join key_groups g on g.key_id = k.id
      where ${of} and k.revoked_at is null
        and not exists (select 1 from account_groups a where a.account_id = k.account_id and a.group_id = g.group_id)
        and not exists (
          select 1 from organization_groups o where o.organization_id = s.organization and o.group_id = g.group_id))`.execute(
    db,
  )
}
