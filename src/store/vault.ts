import type { Kysely } from 'kysely'
import type { DataKey, KeyEncryptionKey, VaultStore } from '../core/stores.ts'
import type { MainTables } from './schema.ts'

export class VaultRows implements VaultStore {
  readonly #db: Kysely<MainTables>
  readonly #ring: Kysely<MainTables>

  /** `ring`: where the key ring is read, which may happen while a transaction is open on `db`. */
  constructor(db: Kysely<MainTables>, ring = db) {
    this.#db = db
    this.#ring = ring
  }

  keyEncryptionKeys(): Promise<readonly KeyEncryptionKey[]> {
    return this.#ring.selectFrom('vault_keys').selectAll().orderBy('created_at', 'desc').orderBy('id').execute()
  }

  async insertKeyEncryptionKey(key: KeyEncryptionKey): Promise<void> {
    await this.#db.insertInto('vault_keys').values(key).execute()
  }

  async deleteKeyEncryptionKey(id: string): Promise<void> {
    await this.#db.deleteFrom('vault_keys').where('id', '=', id).execute()
  }

  async rewrapKeyEncryptionKey(id: string, wrapped: string): Promise<void> {
    await this.#db.updateTable('vault_keys').set({ wrapped }).where('id', '=', id).execute()
  }

  async dataKey(id: string): Promise<DataKey | undefined> {
    return this.#db.selectFrom('data_keys').selectAll().where('id', '=', id).executeTakeFirst()
  }

  async insertDataKey(key: DataKey): Promise<void> {
    await this.#db.insertInto('data_keys').values(key).execute()
  }

  async deleteDataKey(id: string): Promise<void> {
    await this.#db.deleteFrom('data_keys').where('id', '=', id).execute()
  }

  dataKeysNotUnder(kekId: string, limit: number): Promise<readonly DataKey[]> {
    return this.#db
      .selectFrom('data_keys')
      .selectAll()
      .where('kek_id', '!=', kekId)
      .orderBy('id')
      .limit(limit)
      .execute()
  }

  async rewrapDataKey(from: DataKey, to: DataKey): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('data_keys')
      .set({ kek_id: to.kek_id, wrapped: to.wrapped })
      .where('id', '=', from.id)
      .where('kek_id', '=', from.kek_id)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }
}
