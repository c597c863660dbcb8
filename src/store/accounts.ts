import type { Kysely, Selectable } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { AccountStore, Page } from '../core/stores.ts'
import type { Account, AccountKind } from '../core/types.ts'
import type { MainTables } from './schema.ts'

export class Accounts implements AccountStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(account: Account): Promise<void> {
    await this.#db.insertInto('accounts').values(account).execute()
  }

  async get(id: string): Promise<Account | undefined> {
    const row = await this.#db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst()
    return row && accountFromRow(row)
  }

  async list({ limit, after }: Page): Promise<readonly Account[]> {
    let query = this.#db.selectFrom('accounts').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await query.execute()).map(accountFromRow)
  }

  async update(account: Account): Promise<void> {
    const { id, ...values } = account
    await this.#db.updateTable('accounts').set(values).where('id', '=', id).execute()
  }

  async delete(id: string): Promise<boolean> {
    const keys = await this.#db.selectFrom('api_keys').select('id').where('account_id', '=', id).limit(1).execute()
    if (keys.length > 0) throw new OctroiError('conflict', 'Keys belong to this account. Revoke and delete them first, or disable the account.')
    const { numDeletedRows } = await this.#db.deleteFrom('accounts').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }
}

function accountFromRow(row: Selectable<MainTables['accounts']>): Account {
  return { ...row, kind: row.kind as AccountKind }
}
