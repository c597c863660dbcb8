import type { Kysely } from 'kysely'
import type { MainTables } from './schema.ts'

/** Several statements as one: in the transaction that is open, or in one of their own. */
export function atomically<T>(db: Kysely<MainTables>, work: (db: Kysely<MainTables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work)
}
