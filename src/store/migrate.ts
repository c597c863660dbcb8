import { type Kysely, sql } from 'kysely'
import { ConfigurationError } from '../core/errors.ts'

export type Engine = 'sqlite' | 'postgres'

export interface Migration {
  readonly name: string
  up(db: Kysely<unknown>, engine: Engine): Promise<void>
}

/**
 * Text compares byte by byte, as on SQLite, whatever the locale of the database: ids and times sort the same on both engines, and
 * an upgrade of the system's collations cannot break an index.
 */
export function inByteOrder(createTable: string, engine: Engine): string {
  return engine === 'sqlite' ? createTable : createTable.replaceAll(/ text\b/g, ' text collate "C"')
}

const TABLE = { main: 'schema_migrations', activity: 'activity_migrations' } as const

/**
 * Forward only, all of them in one transaction that holds the writer's lock, so that two processes starting at once do it once.
 * A store that is newer than this program is refused untouched.
 */
export async function migrate(
  db: Kysely<unknown>,
  engine: Engine,
  kind: keyof typeof TABLE,
  migrations: readonly Migration[],
): Promise<void> {
  await db.transaction().execute((trx) => migrateWithin(trx, engine, kind, migrations))
}

/** The same, in a transaction that is open. */
export async function migrateWithin(
  trx: Kysely<unknown>,
  engine: Engine,
  kind: keyof typeof TABLE,
  migrations: readonly Migration[],
): Promise<void> {
  // On SQLite the transaction itself (BEGIN IMMEDIATE) is the lock.
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(7020, 1)`.execute(trx)
  const table = sql.table(TABLE[kind])
  await sql`create table if not exists ${table} (name text primary key, at text not null)`.execute(trx)
  const { rows } = await sql<{ name: string }>`select name from ${table}`.execute(trx)
  const done = new Set(rows.map((row) => row.name))
  refuseNewer(done, migrations)
  for (const migration of migrations) {
    if (done.has(migration.name)) continue
    await migration.up(trx, engine)
    await sql`insert into ${table} (name, at) values (${migration.name}, ${new Date().toISOString()})`.execute(trx)
  }
}

function refuseNewer(done: ReadonlySet<string>, migrations: readonly Migration[]): void {
  const known = new Set(migrations.map((migration) => migration.name))
  const newer = [...done].filter((name) => !known.has(name))
  if (newer.length === 0) return
  throw new ConfigurationError([
    `The store was written by a newer Octroi (it has ${newer.join(', ')}). Start that version, or restore a backup made before.`,
  ])
}
