import { existsSync } from 'node:fs'
import { type Kysely, sql } from 'kysely'
import type { ActivityStore, HotReads, Store } from '../core/stores.ts'
import { Accounts } from './accounts.ts'
import { Activity } from './activity.ts'
import { Apps } from './apps.ts'
import { Clients } from './clients.ts'
import { ConnectSessions } from './connect_sessions.ts'
import { Connections } from './connections.ts'
import { Consents } from './consents.ts'
import { swapIsPending } from './dump_swap.ts'
import { Emails } from './emails.ts'
import type { Engines, ServeLock } from './engines.ts'
import { Events } from './events.ts'
import { Factors } from './factors.ts'
import { Groups } from './groups.ts'
import { Identities } from './identities.ts'
import { Issuers } from './issuers.ts'
import { Keys } from './keys.ts'
import { LogoutNotices } from './logout_notices.ts'
import { type Engine, type Migration, migrate } from './migrate.ts'
import { activity0001 } from './migrations/0001_activity.ts'
import { main0001 } from './migrations/0001_main.ts'
import { activity0002 } from './migrations/0002_fences.ts'
import { main0002 } from './migrations/0002_tokens.ts'
import { activity0003 } from './migrations/0003_usage.ts'
import { main0003 } from './migrations/0003_webhooks.ts'
import { main0004 } from './migrations/0004_programs.ts'
import { activity0004 } from './migrations/0004_tickets.ts'
import { main0005 } from './migrations/0005_people.ts'
import { activity0005 } from './migrations/0005_provider_entries.ts'
import { main0006 } from './migrations/0006_openid.ts'
import { Organizations } from './organizations.ts'
import { Routes } from './routes.ts'
import type { MainTables } from './schema.ts'
import { SessionClients } from './session_clients.ts'
import { Sessions } from './sessions.ts'
import { SignInMethods } from './sign_in_methods.ts'
import { SigningKeys } from './signing_keys.ts'
import { openSqlite, sqliteFiles } from './sqlite.ts'
import { Subjects } from './subjects.ts'
import { Tokens } from './tokens.ts'
import { VaultRows } from './vault.ts'
import { Deliveries } from './webhook_deliveries.ts'
import { Webhooks } from './webhooks.ts'

/** In order; never changed once released, only added to. */
export const MAIN_MIGRATIONS: readonly Migration[] = [main0001, main0002, main0003, main0004, main0005, main0006]
export const ACTIVITY_MIGRATIONS: readonly Migration[] = [
  activity0001,
  activity0002,
  activity0003,
  activity0004,
  activity0005,
]

export interface StoreLocation {
  readonly dataDir: string
  /** `postgres://...`; without it the SQLite files in the data folder. */
  readonly databaseUrl?: string | undefined
  /** How long a write waits for another process before it is given up with 503. */
  readonly lockWaitMs?: number | undefined
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

/** Loaded only where it is used: most installations have no PostgreSQL, and start-up should not pay for its driver. */
const postgres = () => import('./postgres.ts')

/** Whether anything was ever written there. Creates nothing. */
export async function storeExists(location: StoreLocation): Promise<boolean> {
  const { dataDir } = location
  if (location.databaseUrl === undefined) return existsSync(sqliteFiles(dataDir).main) || swapIsPending(dataDir)
  const { openPostgres, postgresIsEmpty } = await postgres()
  const engines = openPostgres(location.databaseUrl)
  try {
    return !(await postgresIsEmpty(engines.main as unknown as Kysely<unknown>))
  } finally {
    await engines.close()
  }
}

/** Opens the store and brings its schema up to date. */
export async function openStore(location: StoreLocation): Promise<OpenStore> {
  const { dataDir, databaseUrl, lockWaitMs } = location
  const engines =
    databaseUrl === undefined
      ? await openSqlite(dataDir, lockWaitMs)
      : (await postgres()).openPostgres(databaseUrl, lockWaitMs)
  try {
    await migrate(engines.main as unknown as Kysely<unknown>, engines.engine, 'main', MAIN_MIGRATIONS)
    await migrate(engines.activity as unknown as Kysely<unknown>, engines.engine, 'activity', ACTIVITY_MIGRATIONS)
  } catch (error) {
    await engines.close()
    throw error
  }
  return {
    engine: engines.engine,
    store: rootStore(engines),
    activity: new Activity(engines.activity, engines.engine),
    hot: engines.hot,
    lockForServing: () => engines.lockForServing(),
    lockExclusively: () => engines.lockExclusively(),
    close: () => engines.close(),
  }
}

function rootStore({ engine, main, ring, scope }: Engines): Store {
  return {
    ...storeOn(main),
    vault: new VaultRows(main, ring),
    async transaction(work) {
      scope.refuseOutsiders()
      return main.transaction().execute((trx) =>
        scope.within(async () => {
          if (engine === 'postgres') await oneWriter(trx)
          return work(storeOn(trx))
        }),
      )
    },
  }
}

/**
 * What a transaction has read stays true until it commits, as on SQLite (BEGIN IMMEDIATE): otherwise an edit that read a key
 * before its revocation would write it back unrevoked. Every write takes the lock on this row first, so there is no deadlock.
 */
async function oneWriter(trx: Kysely<MainTables>): Promise<void> {
  await sql`select version from store_version for update`.execute(trx)
}

export function storeOn(db: Kysely<MainTables>): Store {
  const store: Store = {
    accounts: new Accounts(db),
    keys: new Keys(db),
    connections: new Connections(db),
    tokens: new Tokens(db),
    apps: new Apps(db),
    connectSessions: new ConnectSessions(db),
    events: new Events(db),
    webhooks: new Webhooks(db),
    deliveries: new Deliveries(db),
    groups: new Groups(db),
    routes: new Routes(db),
    issuers: new Issuers(db),
    signingKeys: new SigningKeys(db),
    emails: new Emails(db),
    identities: new Identities(db),
    organizations: new Organizations(db),
    signInMethods: new SignInMethods(db),
    sessions: new Sessions(db),
    factors: new Factors(db),
    clients: new Clients(db),
    subjects: new Subjects(db),
    sessionClients: new SessionClients(db),
    consents: new Consents(db),
    logoutNotices: new LogoutNotices(db),
    vault: new VaultRows(db),
    transaction: (work) => work(store),
  }
  return store
}
