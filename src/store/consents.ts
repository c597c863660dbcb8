import type { Kysely, Selectable } from 'kysely'
import type { ConsentStore } from '../core/openid_stores.ts'
import type { Consent } from '../core/openid_types.ts'
import { alone } from './atomic.ts'
import { explaining } from './conflicts.ts'
import type { MainTables } from './schema.ts'

export class Consents implements ConsentStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async get(account: string, client: string): Promise<Consent | undefined> {
    const row = await this.#rows(account).where('client_id', '=', client).executeTakeFirst()
    return row && consentFromRow(row)
  }

  async put({ account, client, scopes, resources, created_at, updated_at }: Consent): Promise<void> {
    const values = {
      scopes: JSON.stringify(scopes),
      resources: JSON.stringify(resources),
      created_at,
      updated_at,
    }
    await alone(this.#db, (db) =>
      explaining('The account or the application is gone.', () =>
        db
          .insertInto('consents')
          .values({ account_id: account, client_id: client, ...values })
          .onConflict((conflict) => conflict.columns(['account_id', 'client_id']).doUpdateSet(values))
          .execute(),
      ),
    )
  }

  async of(account: string): Promise<readonly Consent[]> {
    return (await this.#rows(account).orderBy('client_id').execute()).map(consentFromRow)
  }

  async delete(account: string, client: string): Promise<boolean> {
    return alone(this.#db, async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('consents')
        .where('account_id', '=', account)
        .where('client_id', '=', client)
        .executeTakeFirst()
      return numDeletedRows > 0n
    })
  }

  #rows(account: string) {
    return this.#db.selectFrom('consents').selectAll().where('account_id', '=', account)
  }
}

function consentFromRow(row: Selectable<MainTables['consents']>): Consent {
  return {
    account: row.account_id,
    client: row.client_id,
    scopes: JSON.parse(row.scopes),
    resources: JSON.parse(row.resources),
    created_at: row.created_at,
    updated_at: row.updated_at,
  }
}
