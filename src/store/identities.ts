import type { Kysely, Selectable } from 'kysely'
import type { IdentityStore } from '../core/people_stores.ts'
import type { Identity } from '../core/people_types.ts'
import { alone } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireAccount } from './references.ts'
import type { MainTables } from './schema.ts'

export class Identities implements IdentityStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert({ account, ...identity }: Identity): Promise<void> {
    await alone(this.#db, async (db) => {
      await requireAccount(db, account)
      await explaining('This identity is linked to an account already.', () =>
        db
          .insertInto('identities')
          .values({ account_id: account, ...identity })
          .execute(),
      )
    })
  }

  async find(issuer: string, subject: string): Promise<Identity | undefined> {
    const row = await this.#rows().where('issuer', '=', issuer).where('subject', '=', subject).executeTakeFirst()
    return row && identityFromRow(row)
  }

  async get(id: string): Promise<Identity | undefined> {
    const row = await this.#rows().where('id', '=', id).executeTakeFirst()
    return row && identityFromRow(row)
  }

  async of(account: string): Promise<readonly Identity[]> {
    const rows = await this.#rows().where('account_id', '=', account).orderBy('created_at').orderBy('id').execute()
    return rows.map(identityFromRow)
  }

  async used(id: string, label: string, at: string): Promise<void> {
    await this.#db.updateTable('identities').set({ label, last_used_at: at }).where('id', '=', id).execute()
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('identities').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  #rows() {
    return this.#db.selectFrom('identities').selectAll()
  }
}

function identityFromRow({ account_id, ...row }: Selectable<MainTables['identities']>): Identity {
  return { account: account_id, ...row }
}
