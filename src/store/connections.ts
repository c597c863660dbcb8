import { type Kysely, type Selectable, sql } from 'kysely'
import type { ConnectionFilter, ConnectionStore, Page, StoredConnection } from '../core/stores.ts'
import type { StoredApp } from '../core/token_stores.ts'
import type { Connection, ConnectionState, SealedSecrets } from '../core/types.ts'
import { atomically } from './atomic.ts'
import type { MainTables } from './schema.ts'

type Row = Selectable<MainTables['connections']>

export interface StoredConnectionRow extends Row {
  readonly kek_id: string
  readonly wrapped: string
  readonly token: string | null
  readonly token_version: number | null
  readonly app_scheme: string | null
  readonly app_settings: string
  readonly app_network: string
  readonly app_secrets: string
  readonly app_version: number
  readonly app_created_at: string
  readonly app_updated_at: string
  readonly app_data_key_id: string
  readonly app_kek_id: string
  readonly app_wrapped: string
}

/** All that a call needs of a connection, in one read. The placeholder of the id is the engine's. */
export const SELECT_CONNECTION = `
  select c.*, d.kek_id, d.wrapped, t.sealed as token, t.version as token_version, a.scheme as app_scheme,
    a.settings as app_settings, a.network as app_network, a.secrets as app_secrets, a.secrets_version as app_version,
    a.created_at as app_created_at, a.updated_at as app_updated_at, a.data_key_id as app_data_key_id, e.kek_id as app_kek_id,
    e.wrapped as app_wrapped
  from connections c join data_keys d on d.id = c.data_key_id left join connection_tokens t on t.connection_id = c.id
    left join connector_apps a on a.connector = c.app left join data_keys e on e.id = a.data_key_id
  where c.id = `

export class Connections implements ConnectionStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(connection: Connection, sealed: SealedSecrets, dataKeyId: string): Promise<void> {
    const values = {
      ...rowFromConnection(connection),
      secrets: sealed.current,
      next_secrets: sealed.next,
      secrets_version: sealed.version,
      data_key_id: dataKeyId,
    }
    await this.#db.insertInto('connections').values(values).execute()
  }

  async get(id: string): Promise<StoredConnection | undefined> {
    const { rows } = await sql<StoredConnectionRow>`${sql.raw(SELECT_CONNECTION)}${id}`.execute(this.#db)
    const [row] = rows
    return row && connectionFromRow(row)
  }

  async list({ limit, after }: Page, filter: ConnectionFilter = {}): Promise<readonly Connection[]> {
    let query = this.#db.selectFrom('connections').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    for (const column of ['connector', 'state', 'id', 'app'] as const) {
      const wanted = filter[column]
      if (wanted !== undefined) query = query.where(column, '=', wanted)
    }
    return (await query.execute()).map(plainConnection)
  }

  async update(connection: Connection): Promise<void> {
    // The state belongs to `setState`: what was read before a test failed must not overwrite what the test found.
    const { id, state, state_reason, state_since, ...values } = rowFromConnection(connection)
    await this.#db.updateTable('connections').set(values).where('id', '=', id).execute()
  }

  async updateSecrets(id: string, sealed: SealedSecrets, fromVersion: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('connections')
      .set({ secrets: sealed.current, next_secrets: sealed.next, secrets_version: sealed.version })
      .where('id', '=', id)
      .where('secrets_version', '=', fromVersion)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async setState(id: string, state: ConnectionState, reason: string | null, since: string): Promise<boolean> {
    // Asked first: on PostgreSQL an update of no row moves the version as well, and every replica would drop its cache.
    const row = await this.#db.selectFrom('connections').select('state').where('id', '=', id).executeTakeFirst()
    if (row === undefined || row.state === state) return false
    const { numUpdatedRows } = await this.#db
      .updateTable('connections')
      .set({ state, state_reason: reason, state_since: since })
      .where('id', '=', id)
      .where('state', '!=', state)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async delete(id: string): Promise<boolean> {
    return atomically(this.#db, async (db) => {
      const row = await db.deleteFrom('connections').where('id', '=', id).returning('data_key_id').executeTakeFirst()
      if (row === undefined) return false
      // Without its data key a copy of the row in an old page or backup is noise.
      await db.deleteFrom('data_keys').where('id', '=', row.data_key_id).execute()
      return true
    })
  }

  async count(): Promise<number> {
    const row = await this.#db
      .selectFrom('connections')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }
}

function rowFromConnection({ has_next: _, ...connection }: Connection) {
  return {
    ...connection,
    settings: JSON.stringify(connection.settings),
    tags: JSON.stringify(connection.tags),
    network: JSON.stringify(connection.network),
    options: JSON.stringify(connection.options),
  }
}

function plainConnection(row: Row): Connection {
  return {
    id: row.id,
    connector: row.connector,
    scheme: row.scheme,
    name: row.name,
    settings: JSON.parse(row.settings),
    tags: JSON.parse(row.tags),
    network: JSON.parse(row.network),
    options: JSON.parse(row.options),
    app: row.app,
    has_next: row.next_secrets !== null,
    state: row.state as ConnectionState,
    state_reason: row.state_reason,
    state_since: row.state_since,
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}

export function connectionFromRow(row: StoredConnectionRow): StoredConnection {
  return {
    connection: plainConnection(row),
    sealed: { current: row.secrets, next: row.next_secrets, version: row.secrets_version },
    token: row.token_version === null ? null : { sealed: row.token, version: row.token_version },
    dataKey: { id: row.data_key_id, kek_id: row.kek_id, wrapped: row.wrapped },
    app: appFromRow(row),
  }
}

function appFromRow(row: StoredConnectionRow): StoredApp | null {
  if (row.app === null || row.app_scheme === null) return null
  return {
    app: {
      connector: row.app,
      scheme: row.app_scheme,
      settings: JSON.parse(row.app_settings),
      network: JSON.parse(row.app_network),
      created_at: row.app_created_at,
      updated_at: row.app_updated_at,
    },
    sealed: { current: row.app_secrets, next: null, version: row.app_version },
    dataKey: { id: row.app_data_key_id, kek_id: row.app_kek_id, wrapped: row.app_wrapped },
  }
}
