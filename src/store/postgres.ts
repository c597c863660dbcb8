import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { OctroiError } from '../core/errors.ts'
import type { HotReads } from '../core/stores.ts'
import { connectionFromRow, type StoredConnectionRow } from './connections.ts'
import { type EngineErrors, LOCK_WAIT_MS, TransactionScope, TranslatingDriver, translateError } from './driver.ts'
import type { Engines, ServeLock } from './engines.ts'
import {
  type FoundAccountRow,
  type FoundSessionRow,
  foundAccountFromRow,
  foundSessionFromRow,
  hotQueries,
} from './hot_queries.ts'
import { type IssuerRow, issuerFromRow } from './issuers.ts'
import { type FoundKeyRow, foundKeyFromRow } from './key_rows.ts'
import { type RouteRow, routeFromRow } from './routes.ts'
import type { ActivityTables, MainTables } from './schema.ts'
import { methodFromRow, type SignInMethodRow } from './sign_in_methods.ts'

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const ERRORS: EngineErrors = {
  // PostgreSQL waits for locks itself (lock_timeout); what fails after that has ended its transaction and cannot be tried again alone.
  isBusy: () => false,
  isUniqueViolation: (error) => stateOf(error) === '23505',
  isForeignKeyViolation: (error) => stateOf(error) === '23503',
  isProgrammingError: (error) => /^(?:2[123]|42)/.test(stateOf(error)) || isOurOwn(error),
}

/** A mistake of the program, not an answer of the database or of the network. */
function isOurOwn(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
}

function stateOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? '')
}

/** "cached plan must not change result type": what a prepared statement selects has got another column since. */
const OUTDATED_PLAN = '0A000'

const QUERY_MS = 11_000
/** How long a version that was read stays good when no notice came. */
const VERSION_AGE_MS = 1_000
const VERSION_POLL_MS = 400
/** Any constant of our own: the key of the advisory lock that serving processes share. */
const SERVE_LOCK = 7020_0002

export function openPostgres(url: string, lockWaitMs = LOCK_WAIT_MS): Engines {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 10_000,
    // A server that is gone without a word does not keep its own time limit.
    query_timeout: QUERY_MS,
    lock_timeout: lockWaitMs,
    application_name: 'octroi',
  })
  const ringPool = new pg.Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 10_000,
    // A server that is gone without a word does not keep its own time limit.
    query_timeout: QUERY_MS,
    application_name: 'octroi',
  })
  // A connection that breaks must not end the process, neither one that is idle nor one that is held between two statements of a
  // transaction: the next query says what is wrong.
  for (const each of [pool, ringPool]) {
    each.on('error', () => undefined)
    each.on('connect', (client) => client.on('error', () => undefined))
  }
  const hot = new PostgresHotReads(url, pool)
  const scope = new TransactionScope()
  return {
    engine: 'postgres',
    main: kyselyOn<MainTables>(pool, scope),
    activity: kyselyOn<ActivityTables>(pool),
    ring: kyselyOn<MainTables>(ringPool),
    scope,
    hot,
    lockForServing: () => lockPostgres(url, 'shared'),
    lockExclusively: () => lockPostgres(url, 'exclusive'),
    async close() {
      await hot.close()
      await Promise.all([pool.end(), ringPool.end()])
    },
  }
}

function kyselyOn<Tables>(pool: pg.Pool, scope?: TransactionScope): Kysely<Tables> {
  const dialect = new PostgresDialect({ pool })
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => dialect.createAdapter(),
      createDriver: () => new TranslatingDriver(dialect.createDriver(), ERRORS, 0, scope),
      createIntrospector: (kysely) => dialect.createIntrospector(kysely),
      createQueryCompiler: () => dialect.createQueryCompiler(),
    },
  })
}

const QUERIES = hotQueries('$1')

/**
 * A notice of the database moves the version at once; besides, the version row is read several times a second, and a version
 * that is older than a second is never used: a lost notice or a lost connection cannot keep a revoked key alive longer (D18).
 */
class PostgresHotReads implements HotReads {
  readonly #url: string
  readonly #pool: pg.Pool
  #listener: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #version = 0
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<number> | undefined
  #notices = 0
  /** Of the prepared statements. */
  #generation = 1

  constructor(url: string, pool: pg.Pool) {
    this.#url = url
    this.#pool = pool
  }

  version(): number | Promise<number> {
    this.#timer ??= this.#startPolling()
    if (performance.now() - this.#readAt < VERSION_AGE_MS) return this.#version
    return this.#read()
  }

  async findKey(hash: string) {
    const [row] = await this.#rows<FoundKeyRow>('findKey', hash)
    return row && foundKeyFromRow(row)
  }

  async findTechName(techName: string) {
    const [row] = await this.#rows<FoundKeyRow>('findTechName', techName)
    return row && foundKeyFromRow(row)
  }

  async findAccount(id: string) {
    const [row] = await this.#rows<FoundAccountRow>('findAccount', id)
    return row && foundAccountFromRow(row)
  }

  async findCertificate(subject: string) {
    const [row] = await this.#rows<FoundAccountRow>('findCertificate', subject)
    return row && foundAccountFromRow(row)
  }

  async findConnection(id: string) {
    const [row] = await this.#rows<StoredConnectionRow>('findConnection', id)
    return row && connectionFromRow(row)
  }

  async findSession(hash: string) {
    const [row] = await this.#rows<FoundSessionRow>('findSession', hash)
    return row && foundSessionFromRow(row)
  }

  async signInMethods() {
    return (await this.#rows<SignInMethodRow>('signInMethods')).map(methodFromRow)
  }

  async routes() {
    return (await this.#rows<RouteRow>('routes')).map(routeFromRow)
  }

  async issuers() {
    return (await this.#rows<IssuerRow>('issuers')).map(issuerFromRow)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#listener?.end().catch(() => undefined)
  }

  /** By a name, so that each connection of the pool prepares it once; by another one when a newer Octroi changed the tables. */
  async #rows<R extends pg.QueryResultRow>(query: keyof typeof QUERIES, ...values: string[]): Promise<readonly R[]> {
    for (let attempt = 1; ; attempt++) {
      const generation = this.#generation
      try {
        const name = `octroi_${query}_${generation}`
        return (await this.#pool.query<R>({ name, text: QUERIES[query], values })).rows
      } catch (error) {
        if (stateOf(error) !== OUTDATED_PLAN || attempt === 3) throw translateError(error, ERRORS)
        if (generation === this.#generation) this.#generation++
      }
    }
  }

  /** The age counts from before the question: what was committed after it may be missing from the answer. */
  #read(): Promise<number> {
    this.#reading ??= (async () => {
      const askedAt = performance.now()
      const notices = this.#notices
      try {
        const { rows } = await this.#pool.query<{ version: string }>('select version from store_version')
        this.#version = Number(rows[0]?.version)
        // A notice that came while the answer was under way may be of a commit that the answer does not know.
        this.#readAt = notices === this.#notices ? askedAt : Number.NEGATIVE_INFINITY
        if (performance.now() - askedAt > VERSION_AGE_MS) throw new Error('the version came too late to be trusted')
        return this.#version
      } catch (error) {
        throw translateError(error, ERRORS)
      } finally {
        this.#reading = undefined
      }
    })()
    return this.#reading
  }

  #startPolling(): NodeJS.Timeout {
    const poll = () => {
      if (this.#listener === undefined) void this.#listen()
      this.#read().catch(() => undefined)
    }
    poll()
    return setInterval(poll, VERSION_POLL_MS).unref()
  }

  async #listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 3_000,
      application_name: 'octroi',
    })
    this.#listener = client
    const lost = () => {
      if (this.#listener === client) this.#listener = undefined
      this.#readAt = Number.NEGATIVE_INFINITY
    }
    client.on('error', lost)
    client.on('end', lost)
    client.on('notification', () => {
      this.#notices++
      this.#readAt = Number.NEGATIVE_INFINITY
    })
    try {
      await client.connect()
      await client.query('listen octroi_store')
    } catch {
      lost()
      await client.end().catch(() => undefined)
    }
  }
}

/** A session lock on a connection of its own: the database gives it back when the process is gone. */
export async function lockPostgres(url: string, mode: 'shared' | 'exclusive'): Promise<ServeLock> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000, application_name: 'octroi' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const call = mode === 'shared' ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock'
    const { rows } = await client.query<{ held: boolean }>(`select ${call}($1) as held`, [SERVE_LOCK])
    if (rows[0]?.held) return { release: () => client.end() }
  } catch (error) {
    await client.end().catch(() => undefined)
    throw translateError(error, ERRORS)
  }
  await client.end()
  const detail =
    mode === 'shared' ? 'Maintenance is under way on this database.' : 'Octroi is running on this database.'
  throw new OctroiError('busy', detail)
}

/** Whether the tables are there at all, asked without creating anything. */
export async function postgresIsEmpty(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ found: string | null }>`select to_regclass('vault_keys')::text as found`.execute(db)
  return rows[0]?.found == null
}
