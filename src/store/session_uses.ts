import type { Kysely } from 'kysely'
import type { SessionUse } from '../core/people_stores.ts'
import { chunks } from './chunks.ts'
import type { ActivityTables } from './schema.ts'

export async function noteSessionUses(db: Kysely<ActivityTables>, uses: readonly SessionUse[]): Promise<void> {
  for (const part of chunks(latest(uses), 1_000)) {
    await db
      .insertInto('session_uses')
      .values([...part])
      .onConflict((conflict) =>
        conflict
          .column('session')
          .doUpdateSet((set) => ({ at: set.ref('excluded.at') }))
          // The batch of another process may come late.
          .whereRef('excluded.at', '>', 'session_uses.at'),
      )
      .execute()
  }
}

export async function sessionUses(
  db: Kysely<ActivityTables>,
  sessions: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const part of chunks(sessions, 1_000)) {
    const rows = await db.selectFrom('session_uses').selectAll().where('session', 'in', part).execute()
    for (const { session, at } of rows) found.set(session, at)
  }
  return found
}

/** One for each session, as PostgreSQL demands of a statement; in order, so that two processes lock the rows in the same order. */
function latest(uses: readonly SessionUse[]): readonly SessionUse[] {
  const bySession = new Map<string, SessionUse>()
  for (const use of uses) {
    const known = bySession.get(use.session)
    if (known === undefined || use.at > known.at) bySession.set(use.session, use)
  }
  return [...bySession.values()].sort((a, b) => (a.session < b.session ? -1 : 1))
}
