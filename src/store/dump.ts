import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { OctroiError } from '../core/errors.ts'
import type { Engine } from './migrate.ts'
import type { StoreLocation } from './open.ts'
import { sqliteFiles } from './sqlite.ts'

export type DumpRow = Readonly<Record<string, string | number | null>>

/** The migrations that a store has been through, by name. */
export interface SchemaState {
  readonly main: readonly string[]
  readonly activity: readonly string[]
}

/**
 * Every table that a backup holds, what others refer to first. Left out are `replays`, which belong to calls that were under way,
 * `rate_windows`, which are over before a restored store is served, and `sessions` with their uses, clients and `tickets`, the notices of
 * their ends and `provider_entries`: none of them may work in a copy (D15), and the original has them still.
 * The number is how many rows are read at once; a batch of audit lines can be large.
 */
export const DUMP_TABLES = {
  vault_keys: 500,
  data_keys: 500,
  groups: 500,
  accounts: 500,
  account_groups: 500,
  account_passwords: 500,
  account_certificates: 500,
  emails: 500,
  identities: 500,
  organizations: 500,
  organization_groups: 500,
  memberships: 500,
  sign_in_methods: 100,
  sign_in_method_groups: 500,
  totp_factors: 500,
  passkeys: 500,
  recovery_codes: 500,
  clients: 100,
  client_groups: 500,
  client_secrets: 500,
  subjects: 500,
  consents: 500,
  api_keys: 500,
  key_groups: 500,
  key_secrets: 500,
  session_keys: 500,
  connector_apps: 100,
  connections: 100,
  connection_tokens: 100,
  routes: 500,
  route_groups: 500,
  issuers: 100,
  signing_keys: 100,
  events: 500,
  webhooks: 100,
  webhook_types: 500,
  webhook_deliveries: 500,
  audit_batches: 8,
  audit_index: 500,
  audit_checkpoints: 500,
  key_uses: 500,
  key_days: 500,
} as const

export type DumpTable = keyof typeof DUMP_TABLES

/** In SQLite these are in the file of their own. */
export const ACTIVITY_TABLES: ReadonlySet<string> = new Set([
  'audit_batches',
  'audit_index',
  'audit_checkpoints',
  'key_uses',
  'key_days',
])

/** One consistent snapshot, read while others write. Nothing is created or changed by reading it. */
export interface Dump {
  readonly engine: Engine
  readonly migrations: SchemaState
  parts(table: DumpTable): AsyncGenerator<readonly DumpRow[]>
  close(): Promise<void>
}

export async function openDump({ dataDir, databaseUrl }: StoreLocation): Promise<Dump> {
  try {
    return databaseUrl === undefined ? openSqliteDump(dataDir) : await openPostgresDump(databaseUrl)
  } catch (cause) {
    throw new OctroiError('store_unavailable', 'The store cannot be read now.', { cause, retryAfter: 2 })
  }
}

function openSqliteDump(folder: string): Dump {
  const files = sqliteFiles(folder)
  const db = new DatabaseSync(files.main, { readOnly: true, timeout: 5_000 })
  try {
    db.prepare('attach ? as activity').run(files.activity)
    // Deferred: each file's snapshot is taken by its first read, the activity's last, so that it knows all that the main file does.
    db.exec('begin')
    const names = (table: string) =>
      (db.prepare(`select name from ${table} order by name`).all() as { name: string }[]).map(({ name }) => name)
    const migrations = { main: names('main.schema_migrations'), activity: names('activity.activity_migrations') }
    return {
      engine: 'sqlite',
      migrations,
      async *parts(table) {
        const schema = ACTIVITY_TABLES.has(table) ? 'activity' : 'main'
        let part: DumpRow[] = []
        for (const row of db.prepare(`select * from ${schema}.${table}`).iterate()) {
          part.push(row as DumpRow)
          if (part.length < DUMP_TABLES[table]) continue
          yield part
          part = []
        }
        if (part.length > 0) yield part
      },
      close: async () => db.close(),
    }
  } catch (error) {
    db.close()
    throw error
  }
}

async function openPostgresDump(url: string): Promise<Dump> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 3_000,
    application_name: 'octroi backup',
  })
  // The failing query says what is wrong; an idle connection that breaks must not end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('begin transaction isolation level repeatable read read only')
    const names = async (table: string) =>
      (await client.query<{ name: string }>(`select name from ${table} order by name`)).rows.map(({ name }) => name)
    const migrations = { main: await names('schema_migrations'), activity: await names('activity_migrations') }
    return {
      engine: 'postgres',
      migrations,
      parts: (table) => postgresParts(client, table),
      close: () => client.end(),
    }
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

async function* postgresParts(client: pg.Client, table: DumpTable): AsyncGenerator<readonly DumpRow[]> {
  await client.query(`declare part no scroll cursor for select * from ${table}`)
  for (;;) {
    const { rows } = await client.query<Record<string, string | number | null>>(`fetch ${DUMP_TABLES[table]} from part`)
    if (rows.length === 0) break
    yield ACTIVITY_TABLES.has(table) || table === 'passkeys' ? rows.map(withNumbers) : rows
  }
  await client.query('close part')
}

const BIGINTS = ['row', 'calls', 'refused', 'counter']

/** A bigint comes as text; ours stay far below 2^53. */
function withNumbers(row: DumpRow): DumpRow {
  const changed = BIGINTS.filter((name) => name in row).map((name) => [name, Number(row[name])])
  return changed.length === 0 ? row : { ...row, ...Object.fromEntries(changed) }
}
