import type { Kysely, Selectable } from 'kysely'
import type { KeyFilter, KeyStore, Page } from '../core/stores.ts'
import type { AccountKind, ApiKey, FoundKey, KeySecret } from '../core/types.ts'
import { atomically } from './atomic.ts'
import type { MainTables } from './schema.ts'

type KeyRow = Selectable<MainTables['api_keys']>

export interface FoundKeyRow extends KeyRow {
  readonly secret_expires_at: string | null
  readonly account_kind: string
  readonly account_name: string
  readonly account_description: string
  readonly account_disabled_at: string | null
  readonly account_created_at: string
  readonly account_updated_at: string
}

export class Keys implements KeyStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(key: ApiKey, secret: KeySecret): Promise<void> {
    await atomically(this.#db, async (db) => {
      await db.insertInto('api_keys').values(rowFromKey(key)).execute()
      await db.insertInto('key_secrets').values(secret).execute()
    })
  }

  async get(id: string): Promise<ApiKey | undefined> {
    const row = await this.#db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()
    return row && keyFromRow(row)
  }

  async list({ limit, after }: Page, filter: KeyFilter = {}): Promise<readonly ApiKey[]> {
    let query = this.#db.selectFrom('api_keys').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    if (filter.account !== undefined) query = query.where('account_id', '=', filter.account)
    return (await query.execute()).map(keyFromRow)
  }

  async update(key: ApiKey): Promise<void> {
    const { id, ...values } = rowFromKey(key)
    await this.#db.updateTable('api_keys').set(values).where('id', '=', id).execute()
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('api_keys').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  async replaceSecret(secret: KeySecret, previousEndAt: string): Promise<void> {
    await atomically(this.#db, async (db) => {
      await db
        .updateTable('key_secrets')
        .set({ expires_at: previousEndAt })
        .where('key_id', '=', secret.key_id)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', previousEndAt)]))
        .execute()
      await db.insertInto('key_secrets').values(secret).execute()
    })
  }

  async expiringBetween(from: string, to: string): Promise<readonly ApiKey[]> {
    const rows = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .where('expires_at', '>', from)
      .where('expires_at', '<=', to)
      .where('revoked_at', 'is', null)
      .where('disabled_at', 'is', null)
      .orderBy('expires_at')
      .limit(1_000)
      .execute()
    return rows.map(keyFromRow)
  }

  async count(): Promise<number> {
    const row = await this.#db
      .selectFrom('api_keys')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }
}

function rowFromKey(key: ApiKey): KeyRow {
  const { account, ...rest } = key
  return {
    ...rest,
    account_id: account,
    permissions: JSON.stringify(key.permissions),
    grants: JSON.stringify(key.grants),
    cidrs: JSON.stringify(key.cidrs),
    rate_limit: key.rate_limit && JSON.stringify(key.rate_limit),
    imported: Number(key.imported),
    usable_when_owner_inactive: Number(key.usable_when_owner_inactive),
  }
}

function keyFromRow(row: KeyRow): ApiKey {
  return {
    id: row.id,
    account: row.account_id,
    name: row.name,
    description: row.description,
    permissions: JSON.parse(row.permissions),
    grants: JSON.parse(row.grants),
    cidrs: JSON.parse(row.cidrs),
    rate_limit: row.rate_limit === null ? null : JSON.parse(row.rate_limit),
    imported: row.imported === 1,
    usable_when_owner_inactive: row.usable_when_owner_inactive === 1,
    environment: row.environment,
    expires_at: row.expires_at,
    disabled_at: row.disabled_at,
    revoked_at: row.revoked_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
    created_by: row.created_by,
  }
}

export function foundKeyFromRow(row: FoundKeyRow): FoundKey {
  return {
    key: keyFromRow(row),
    account: {
      id: row.account_id,
      kind: row.account_kind as AccountKind,
      name: row.account_name,
      description: row.account_description,
      disabled_at: row.account_disabled_at,
      created_at: row.account_created_at,
      updated_at: row.account_updated_at,
    },
    secret_expires_at: row.secret_expires_at,
  }
}
