import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { ConfigurationError, OctroiError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { ActivityStore, Store } from '../core/stores.ts'
import { Activity } from './activity.ts'
import { ACTIVITY_TABLES, type DumpRow, type DumpTable, type SchemaState } from './dump.ts'
import { swapFiles, syncFolder } from './dump_swap.ts'
import type { ServeLock } from './engines.ts'
import { type Engine, type Migration, migrateWithin } from './migrate.ts'
import { main0005 } from './migrations/0005_people.ts'
import { ACTIVITY_MIGRATIONS, MAIN_MIGRATIONS, type StoreLocation, storeOn } from './open.ts'
import { lockPostgres, openPostgres } from './postgres.ts'
import type { ActivityTables, MainTables } from './schema.ts'
import { openSqlite, sqliteFiles } from './sqlite.ts'
import { lockSqlite } from './sqlite_lock.ts'

export type Insert = (table: DumpTable, rows: readonly DumpRow[]) => Promise<void>

/** The new store, complete, not yet the one in use. */
export interface LoadedStore {
  readonly engine: Engine
  readonly store: Store
  readonly activity: ActivityStore
}

export interface Load<T> {
  /** What the store that the rows come from had been through: they go into its tables, which are then brought up to date. */
  readonly migrations: SchemaState
  rows(insert: Insert): Promise<void>
  /** The last work before the change; what it throws leaves the old store as it was. */
  finish(loaded: LoadedStore): Promise<T>
}

/** The lock of maintenance on a store that is not opened, nor perhaps there. Throws `busy` while Octroi serves it. */
export async function lockForLoading({ dataDir, databaseUrl }: StoreLocation): Promise<ServeLock> {
  if (databaseUrl !== undefined) return lockPostgres(databaseUrl, 'exclusive')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  return lockSqlite(dataDir, 'exclusive')
}

/** Refuses what a newer Octroi wrote: its rows would not fit. */
export function requireKnownSchema({ main, activity }: SchemaState, what: string): void {
  const known = new Set([...MAIN_MIGRATIONS, ...ACTIVITY_MIGRATIONS].map(({ name }) => name))
  const newer = [...main, ...activity].filter((name) => !known.has(name))
  if (newer.length > 0) {
    throw new ConfigurationError([
      `${what} was written by a newer Octroi (it has ${newer.join(', ')}). Use that version.`,
    ])
  }
}

/** Puts the rows in the place of whatever is stored there. The caller holds the lock. All or nothing, killed at any instant. */
export function loadStore<T>(location: StoreLocation, load: Load<T>): Promise<T & { readonly aside: string | null }> {
  return location.databaseUrl === undefined
    ? loadSqlite(location.dataDir, load)
    : loadPostgres(location.databaseUrl, load)
}

async function loadSqlite<T>(folder: string, load: Load<T>): Promise<T & { aside: string | null }> {
  const from = `restore-${randomId(8)}`
  const place = join(folder, from)
  mkdirSync(place, { mode: 0o700 })
  try {
    const result = await fillSqlite(place, load)
    syncFolder(place)
    const aside = `replaced-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}Z-${randomId(4)}`
    const names = Object.values(sqliteFiles('')).map((path) => path.replace(/^.*[/\\]/, ''))
    return { ...result, aside: swapFiles(folder, { from, aside }, names) }
  } catch (error) {
    rmSync(place, { recursive: true, force: true })
    throw error
  }
}

async function fillSqlite<T>(place: string, load: Load<T>): Promise<T> {
  const engines = await openSqlite(place)
  try {
    const { main, activity } = engines
    const result = await main.transaction().execute((mainTrx) =>
      activity.transaction().execute(async (activityTrx) => {
        const insert: Insert = (table, rows) =>
          insertRows(ACTIVITY_TABLES.has(table) ? activityTrx : mainTrx, 'sqlite', table, rows)
        return fill({ main: mainTrx, activity: activityTrx, engine: 'sqlite', insert }, load)
      }),
    )
    return result
  } finally {
    await engines.close()
  }
}

async function loadPostgres<T>(url: string, load: Load<T>): Promise<T & { aside: null }> {
  const engines = openPostgres(url)
  try {
    return await engines.main.transaction().execute(async (trx) => {
      await sql`set local statement_timeout = 0`.execute(trx)
      const version = await versionBefore(trx)
      await dropEverything(trx)
      const insert: Insert = (table, rows) => insertRows(trx, 'postgres', table, rows)
      const activity = trx as unknown as Kysely<ActivityTables>
      const result = await fill({ main: trx, activity, engine: 'postgres', insert }, load)
      // Never a version that a process which still holds the old store in its cache has seen.
      await sql`update store_version set version = version + ${version}`.execute(trx)
      return { ...result, aside: null }
    })
  } finally {
    await engines.close()
  }
}

interface Place {
  readonly main: Kysely<MainTables>
  readonly activity: Kysely<ActivityTables>
  readonly engine: Engine
  readonly insert: Insert
}

async function fill<T>({ main, activity, engine, insert }: Place, load: Load<T>): Promise<T> {
  const had = (list: readonly Migration[], names: readonly string[]) => list.filter(({ name }) => names.includes(name))
  const bring = async (mainList: readonly Migration[], activityList: readonly Migration[]) => {
    await migrateWithin(main as unknown as Kysely<unknown>, engine, 'main', mainList)
    await migrateWithin(activity as unknown as Kysely<unknown>, engine, 'activity', activityList)
  }
  await bring(had(MAIN_MIGRATIONS, load.migrations.main), had(ACTIVITY_MIGRATIONS, load.migrations.activity))
  // What a migration itself put there comes from the backup, if it is still there.
  if (load.migrations.main.includes(main0005.name)) await main.deleteFrom('sign_in_methods').execute()
  await load.rows(insert)
  if (engine === 'postgres') await continueNumbers(activity)
  await bring(MAIN_MIGRATIONS, ACTIVITY_MIGRATIONS)
  return load.finish({ engine, store: storeOn(main), activity: new Activity(activity, engine) })
}

/** Far below the parameters that either engine takes in one statement. */
const MAX_PARAMETERS = 5_000

async function insertRows(
  db: Kysely<MainTables> | Kysely<ActivityTables>,
  engine: Engine,
  table: DumpTable,
  rows: readonly DumpRow[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
  if (columns.length === 0) return
  // The numbers of batches are kept: the index refers to them, and so do the cursors of readers.
  const numbered = engine === 'postgres' && table === 'audit_batches' ? sql`overriding system value` : sql``
  const size = Math.max(1, Math.floor(MAX_PARAMETERS / columns.length))
  for (let i = 0; i < rows.length; i += size) {
    const values = rows.slice(i, i + size).map((row) => sql`(${sql.join(columns.map((name) => row[name] ?? null))})`)
    const names = sql.join(columns.map((name) => sql.ref(name)))
    await sql`insert into ${sql.table(table)} (${names}) ${numbered} values ${sql.join(values)}`.execute(db)
  }
}

async function continueNumbers(db: Kysely<ActivityTables>): Promise<void> {
  await sql`
    select setval(pg_get_serial_sequence('audit_batches', 'row'),
      (select coalesce(max("row"), 0) + 1 from audit_batches), false)`.execute(db)
}

async function versionBefore(db: Kysely<MainTables>): Promise<number> {
  const { rows } = await sql<{ found: string | null }>`select to_regclass('store_version')::text as found`.execute(db)
  if (rows[0]?.found == null) return 0
  const found = await sql<{ version: string }>`select version from store_version for update`.execute(db)
  return Number(found.rows[0]?.version ?? 0)
}

/** What our migrations made, and nothing else that may live in the same database. */
async function dropEverything(db: Kysely<MainTables>): Promise<void> {
  const names = [
    'provider_entries',
    'tickets',
    'session_uses',
    'replays',
    'rate_windows',
    'key_days',
    'key_uses',
    'audit_checkpoints',
    'audit_index',
    'audit_batches',
    'webhook_deliveries',
    'webhook_types',
    'webhooks',
    'events',
    'signing_keys',
    'issuers',
    'route_groups',
    'routes',
    'connect_sessions',
    'connection_tokens',
    'connections',
    'connector_apps',
    'logout_notices',
    'consents',
    'session_clients',
    'session_keys',
    'sessions',
    'subjects',
    'client_secrets',
    'client_groups',
    'clients',
    'recovery_codes',
    'passkeys',
    'totp_factors',
    'sign_in_method_groups',
    'sign_in_methods',
    'memberships',
    'organization_groups',
    'organizations',
    'identities',
    'emails',
    'key_secrets',
    'key_groups',
    'api_keys',
    'account_certificates',
    'account_passwords',
    'account_groups',
    'accounts',
    'groups',
    'data_keys',
    'vault_keys',
    'store_version',
    'schema_migrations',
    'activity_migrations',
  ]
  for (const name of names) await sql`drop table if exists ${sql.table(name)}`.execute(db)
  await sql`drop function if exists octroi_store_changed()`.execute(db)
}

export function existsAlready(where: string): OctroiError {
  return new OctroiError('conflict', `There is an installation in ${where} already. Nothing was changed.`)
}
