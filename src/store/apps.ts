import type { Kysely } from 'kysely'
import type { AppStore, StoredApp } from '../core/token_stores.ts'
import type { ConnectorApp, SealedSecrets } from '../core/types.ts'
import { atomically } from './atomic.ts'
import type { MainTables } from './schema.ts'

export class Apps implements AppStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(app: ConnectorApp, sealed: SealedSecrets, dataKeyId: string): Promise<void> {
    await this.#db
      .insertInto('connector_apps')
      .values({
        ...rowFromApp(app),
        secrets: sealed.current,
        secrets_version: sealed.version,
        data_key_id: dataKeyId,
      })
      .execute()
  }

  async get(connector: string): Promise<StoredApp | undefined> {
    const row = await this.#db
      .selectFrom('connector_apps')
      .innerJoin('data_keys', 'data_keys.id', 'connector_apps.data_key_id')
      .selectAll('connector_apps')
      .select(['data_keys.kek_id', 'data_keys.wrapped'])
      .where('connector', '=', connector)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const { secrets, secrets_version, data_key_id, kek_id, wrapped, settings, network, ...app } = row
    return {
      app: { ...app, settings: JSON.parse(settings), network: JSON.parse(network) },
      sealed: { current: secrets, next: null, version: secrets_version },
      dataKey: { id: data_key_id, kek_id, wrapped },
    }
  }

  async update(app: ConnectorApp, sealed: SealedSecrets, fromVersion: number): Promise<boolean> {
    const { connector, created_at, ...values } = rowFromApp(app)
    const { numUpdatedRows } = await this.#db
      .updateTable('connector_apps')
      .set({ ...values, secrets: sealed.current, secrets_version: sealed.version })
      .where('connector', '=', connector)
      .where('secrets_version', '=', fromVersion)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async delete(connector: string): Promise<boolean> {
    return atomically(this.#db, async (db) => {
      const row = await db
        .deleteFrom('connector_apps')
        .where('connector', '=', connector)
        .returning('data_key_id')
        .executeTakeFirst()
      if (row === undefined) return false
      await db.deleteFrom('data_keys').where('id', '=', row.data_key_id).execute()
      return true
    })
  }
}

function rowFromApp(app: ConnectorApp) {
  return { ...app, settings: JSON.stringify(app.settings), network: JSON.stringify(app.network) }
}
