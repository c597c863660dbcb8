import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { LOCK_WAIT_MS, TransactionScope, TranslatingDriver, translateError } from './driver.ts'
import type { Engines } from './engines.ts'
import type { ActivityTables, MainTables } from './schema.ts'
import { ERRORS } from './sqlite_errors.ts'
import { SqliteHotReads } from './sqlite_hot_reads.ts'
import { finishInterruptedRestore, identityOf, lockForServing, lockSqlite } from './sqlite_lock.ts'

const MAIN_FILE = 'octroi.db'
/** Audit and counters live apart: their commits must not move the version of keys and connections (D18). */
const ACTIVITY_FILE = 'activity.db'

export function sqliteFiles(folder: string): { main: string; activity: string } {
  return { main: join(folder, MAIN_FILE), activity: join(folder, ACTIVITY_FILE) }
}

export async function openSqlite(folder: string, lockWaitMs = LOCK_WAIT_MS): Promise<Engines> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  finishInterruptedRestore(folder)
  const files = sqliteFiles(folder)
  const identity = identityOf(files.main)
  const main = await openFile(files.main, lockWaitMs)
  const activity = await openFile(files.activity, lockWaitMs)
  const ring = new DatabaseSync(files.main, { timeout: 0, readOnly: true })
  const hot = new SqliteHotReads(files.main)
  const written = () => hot.expire()
  const scope = new TransactionScope()
  return {
    engine: 'sqlite',
    main: kyselyOn<MainTables>(main, lockWaitMs, { scope, written }),
    activity: kyselyOn<ActivityTables>(activity, lockWaitMs),
    ring: kyselyOn<MainTables>(ring, lockWaitMs),
    scope,
    hot,
    lockForServing: async () => lockForServing(folder, files.main, identity),
    lockExclusively: async () => lockSqlite(folder, 'exclusive'),
    async close() {
      hot.close()
      for (const db of [ring, activity, main]) if (db.isOpen) db.close()
    },
  }
}

async function openFile(path: string, lockWaitMs: number): Promise<DatabaseSync> {
  // Made by us so that it is ours alone from the first byte; SQLite gives its side files the same mode.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true })
  const until = performance.now() + lockWaitMs
  for (;;) {
    try {
      // FULL: what was acknowledged survives a power cut, not only a crash of the process.
      db.exec('pragma journal_mode = wal; pragma synchronous = full;')
      return db
    } catch (error) {
      // Another process is making or recovering the same file.
      if (ERRORS.isBusy(error) && performance.now() < until) {
        await sleep(10)
        continue
      }
      db.close()
      throw translateError(error, ERRORS)
    }
  }
}

interface Tied {
  readonly scope?: TransactionScope
  /** Told of whatever may have changed the file. */
  readonly written?: () => void
}

function kyselyOn<Tables>(db: DatabaseSync, lockWaitMs: number, { scope, written }: Tied = {}): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new OwnQueueAdapter(),
      createDriver: () => new TranslatingDriver(new SqliteFileDriver(db, written), ERRORS, lockWaitMs, scope),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}

/** The driver queues by itself, see `acquireConnection`: Kysely's own queue would be waited in before anything could be refused. */
class OwnQueueAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class SqliteFileDriver implements Driver {
  readonly #db: DatabaseSync
  readonly #connection: SqliteConnection
  readonly #written: () => void
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(db: DatabaseSync, written: () => void = () => undefined) {
    this.#db = db
    this.#connection = new SqliteConnection(db, written)
    this.#written = written
  }

  async init(): Promise<void> {}

  /** One at a time, in order: a statement must not slip into a transaction that is not its own. */
  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#free = promise
    await before
    this.#release = resolve
    return this.#connection
  }

  /** IMMEDIATE: a transaction that reads first and then writes can otherwise fail half-way when another process wrote between. */
  async beginTransaction(): Promise<void> {
    this.#db.exec('begin immediate')
  }

  async commitTransaction(): Promise<void> {
    this.#db.exec('commit')
    this.#written()
  }

  async rollbackTransaction(): Promise<void> {
    this.#db.exec('rollback')
  }

  async releaseConnection(): Promise<void> {
    this.#release()
  }

  async destroy(): Promise<void> {}
}

class SqliteConnection implements DatabaseConnection {
  readonly #db: DatabaseSync
  readonly #written: () => void
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, written: () => void) {
    this.#db = db
    this.#written = written
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepare(query.sql)
    try {
      return this.#execute(statement, query)
    } finally {
      if (!/^\s*select/i.test(query.sql)) this.#written()
    }
  }

  #execute<R>(statement: StatementSync, query: CompiledQuery): QueryResult<R> {
    const parameters = query.parameters as SQLInputValue[]
    if (statement.columns().length > 0) return { rows: statement.all(...parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  // biome-ignore lint/correctness/useYield: no query here is large enough to stream
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not offered on SQLite')
  }

  /** The queries of this program are a small closed set, so their statements are kept; DDL is not. */
  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql)
    if (kept) return kept
    const statement = this.#db.prepare(sql)
    if (this.#statements.size < 500 && /^(select|insert|update|delete)/i.test(sql)) this.#statements.set(sql, statement)
    return statement
  }
}
