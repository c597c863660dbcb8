import { type Kysely, sql } from 'kysely'
import type { MainTables } from './schema.ts'

/** Several statements as one: in the transaction that is open, or in one of their own. */
export function atomically<Tables, T>(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work)
}

/**
 * The same, with what it reads true until it commits. On SQLite every transaction is alone (BEGIN IMMEDIATE); on PostgreSQL the trigger of
 * any versioned table makes its writers wait for one another, also for a statement that finds nothing to delete.
 */
export function alone<T>(db: Kysely<MainTables>, work: (db: Kysely<MainTables>) => Promise<T>): Promise<T> {
  return atomically(db, async (trx) => {
    await sql`delete from sessions where 1 = 0`.execute(trx)
    return work(trx)
  })
}
