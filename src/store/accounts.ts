import type { Kysely, Selectable } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { AccountStore, Page } from '../core/stores.ts'
import type { Account, AccountKind } from '../core/types.ts'
import { atomically } from './atomic.ts'
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
    return atomically(this.#db, async (db) => {
      const live = db.selectFrom('api_keys').select('id').where('account_id', '=', id).where('revoked_at', 'is', null)
      if ((await live.limit(1).execute()).length > 0) {
        throw new OctroiError(
          'conflict',
          'Live keys belong to this account. Revoke them first, or disable the account.',
        )
      }
      // Not all of them: a key that was made since the question keeps its account from being deleted.
      await db.deleteFrom('api_keys').where('account_id', '=', id).where('revoked_at', 'is not', null).execute()
      const { numDeletedRows } = await db.deleteFrom('accounts').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    })
  }
}

function accountFromRow(row: Selectable<MainTables['accounts']>): Account {
  return { ...row, kind: row.kind as AccountKind }
}
