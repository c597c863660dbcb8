import type { Kysely } from 'kysely'

/** Several statements as one: in the transaction that is open, or in one of their own. */
export function atomically<Tables, T>(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work)
}
