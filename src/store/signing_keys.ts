import type { Kysely } from 'kysely'
import type { SigningKeyStore } from '../core/program_stores.ts'
import type { SigningKeyRow } from '../core/program_types.ts'
import { explaining } from './conflicts.ts'
import type { MainTables } from './schema.ts'

export class SigningKeys implements SigningKeyStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async list(): Promise<readonly SigningKeyRow[]> {
    const rows = await this.#db.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('id').execute()
    return rows.map((row) => ({ ...row, state: row.state as SigningKeyRow['state'] }))
  }

  async insert(key: SigningKeyRow): Promise<void> {
    await explaining(taken(key.state), () => this.#db.insertInto('signing_keys').values(key).execute())
  }

  async setState(id: string, state: SigningKeyRow['state'], since: string): Promise<void> {
    await explaining(taken(state), () =>
      this.#db.updateTable('signing_keys').set({ state, since }).where('id', '=', id).execute(),
    )
  }

  async delete(id: string): Promise<void> {
    await this.#db.deleteFrom('signing_keys').where('id', '=', id).execute()
  }
}

function taken(state: string): string {
  return `There is a signing key of this id, or one that is ${state}, already.`
}
