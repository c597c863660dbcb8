import { type Kysely, sql } from 'kysely'
import type { EmailStore } from '../core/people_stores.ts'
import type { EmailAddress } from '../core/people_types.ts'
import type { Account } from '../core/types.ts'
import { type AccountRow, accountFromRow, SELECT_ACCOUNT } from './account_rows.ts'
import { alone } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireAccount } from './references.ts'
import type { MainTables } from './schema.ts'

export class Emails implements EmailStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async of(account: string): Promise<readonly EmailAddress[]> {
    const rows = await this.#db
      .selectFrom('emails')
      .selectAll()
      .where('account_id', '=', account)
      .orderBy('canonical')
      .execute()
    return rows.map(({ account_id, ...row }) => ({ account: account_id, ...row }))
  }

  async put({ account, ...email }: EmailAddress): Promise<void> {
    const { address, verified_at } = email
    await alone(this.#db, async (db) => {
      await requireAccount(db, account)
      // Whose it is stays unsaid, and so does the address: who asks may be anybody.
      await explaining('Another account has verified this e-mail address.', () =>
        db
          .insertInto('emails')
          .values({ account_id: account, ...email })
          .onConflict((conflict) => conflict.columns(['account_id', 'canonical']).doUpdateSet({ address, verified_at }))
          .execute(),
      )
    })
  }

  async delete(account: string, canonical: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('emails')
      .where('account_id', '=', account)
      .where('canonical', '=', canonical)
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  async findVerified(canonical: string): Promise<Account | undefined> {
    const { rows } = await sql<AccountRow>`
      ${SELECT} join emails e on e.account_id = a.id where e.canonical = ${canonical} and e.verified_at is not null`.execute(
      this.#db,
    )
    return rows[0] && accountFromRow(rows[0])
  }

  async holders(canonical: string): Promise<readonly Account[]> {
    const { rows } = await sql<AccountRow>`
      ${SELECT} where a.id in (select account_id from emails where canonical = ${canonical}
        union select id from accounts where email_canonical = ${canonical}) order by case when a.email_canonical = ${canonical} then 0 else 1 end, a.id limit 2`.execute(
      this.#db,
    )
    return rows.map(accountFromRow)
  }
}

const SELECT = sql.raw(SELECT_ACCOUNT)
