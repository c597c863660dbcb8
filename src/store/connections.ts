import type { Kysely, Selectable } from 'kysely'
import type { ConnectionFilter, ConnectionStore, Page, StoredConnection } from '../core/stores.ts'
import type { Connection, ConnectionState, SealedSecrets } from '../core/types.ts'
import { atomically } from './atomic.ts'
import type { MainTables } from './schema.ts'

type Row = Selectable<MainTables['connections']>

export type StoredConnectionRow = Row & { readonly kek_id: string; readonly wrapped: string }

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
    const row = await this.#db
      .selectFrom('connections')
      .innerJoin('data_keys', 'data_keys.id', 'connections.data_key_id')
      .selectAll('connections')
      .select(['data_keys.kek_id', 'data_keys.wrapped'])
      .where('connections.id', '=', id)
      .executeTakeFirst()
    return row && connectionFromRow(row)
  }

  async list({ limit, after }: Page, filter: ConnectionFilter = {}): Promise<readonly Connection[]> {
    let query = this.#db.selectFrom('connections').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    for (const column of ['connector', 'state', 'id'] as const) {
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
    dataKey: { id: row.data_key_id, kek_id: row.kek_id, wrapped: row.wrapped },
  }
}
