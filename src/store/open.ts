import { existsSync } from 'node:fs'
import type { Kysely } from 'kysely'
import type { ActivityStore, HotReads, Store } from '../core/stores.ts'
import { Accounts } from './accounts.ts'
import { Activity } from './activity.ts'
import { Connections } from './connections.ts'
import type { Engines, ServeLock } from './engines.ts'
import { Events } from './events.ts'
import { Keys } from './keys.ts'
import { type Engine, migrate } from './migrate.ts'
import { activity0001 } from './migrations/0001_activity.ts'
import { main0001 } from './migrations/0001_main.ts'
import { openPostgres, postgresIsEmpty } from './postgres.ts'
import type { MainTables } from './schema.ts'
import { openSqlite, sqliteFiles } from './sqlite.ts'
import { VaultRows } from './vault.ts'

export interface StoreLocation {
  readonly dataDir: string
  /** `postgres://...`; without it the SQLite files in the data folder. */
  readonly databaseUrl?: string | undefined
}

export interface OpenStore {
  readonly engine: Engine
  readonly store: Store
  readonly activity: ActivityStore
  readonly hot: HotReads
  lockForServing(): Promise<ServeLock>
  lockExclusively(): Promise<ServeLock>
  close(): Promise<void>
}

/** Whether anything was ever written there. Creates nothing. */
export async function storeExists(location: StoreLocation): Promise<boolean> {
  if (location.databaseUrl === undefined) return existsSync(sqliteFiles(location.dataDir).main)
  const engines = openPostgres(location.databaseUrl)
  try {
    return !(await postgresIsEmpty(engines.main as unknown as Kysely<unknown>))
  } finally {
    await engines.main.destroy()
  }
}

/** Opens the store and brings its schema up to date. */
export async function openStore(location: StoreLocation): Promise<OpenStore> {
  const engines = location.databaseUrl === undefined ? openSqlite(location.dataDir) : openPostgres(location.databaseUrl)
  try {
    await migrate(engines.main as unknown as Kysely<unknown>, engines.engine, 'main', [main0001])
    await migrate(engines.activity as unknown as Kysely<unknown>, engines.engine, 'activity', [activity0001])
  } catch (error) {
    await closeEngines(engines)
    throw error
  }
  return {
    engine: engines.engine,
    store: storeOn(engines.main),
    activity: new Activity(engines.activity),
    hot: engines.hot,
    lockForServing: () => engines.lockForServing(),
    lockExclusively: () => engines.lockExclusively(),
    close: () => closeEngines(engines),
  }
}

function storeOn(db: Kysely<MainTables>): Store {
  return {
    accounts: new Accounts(db),
    keys: new Keys(db),
    connections: new Connections(db),
    events: new Events(db),
    vault: new VaultRows(db),
    transaction: (work) => (db.isTransaction ? work(storeOn(db)) : db.transaction().execute((trx) => work(storeOn(trx)))),
  }
}

async function closeEngines(engines: Engines): Promise<void> {
  await engines.closeHot()
  await engines.activity.destroy()
  // On PostgreSQL both share one pool, which may be ended only once.
  await engines.main.destroy().catch((error: Error) => {
    if (!/more than once/.test(error.message)) throw error
  })
}
