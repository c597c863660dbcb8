import type { Kysely, Selectable } from 'kysely'
import type { IssuerStore } from '../core/program_stores.ts'
import type { Issuer } from '../core/program_types.ts'
import type { Page } from '../core/stores.ts'
import { explaining } from './conflicts.ts'
import type { MainTables } from './schema.ts'

export type IssuerRow = Selectable<MainTables['issuers']>

export class Issuers implements IssuerStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(issuer: Issuer): Promise<void> {
    await explaining(`There is an issuer ${issuer.id} already.`, () =>
      this.#db.insertInto('issuers').values(rowFromIssuer(issuer)).execute(),
    )
  }

  async get(id: string): Promise<Issuer | undefined> {
    const row = await this.#db.selectFrom('issuers').selectAll().where('id', '=', id).executeTakeFirst()
    return row && issuerFromRow(row)
  }

  async list({ limit, after }: Page): Promise<readonly Issuer[]> {
    let query = this.#db.selectFrom('issuers').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await query.execute()).map(issuerFromRow)
  }

  async update(issuer: Issuer): Promise<void> {
    const { id, ...values } = rowFromIssuer(issuer)
    await this.#db.updateTable('issuers').set(values).where('id', '=', id).execute()
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('issuers').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }
}

function rowFromIssuer(issuer: Issuer): IssuerRow {
  return {
    ...issuer,
    jwks: issuer.jwks && JSON.stringify(issuer.jwks),
    audience: JSON.stringify(issuer.audience),
    algorithms: JSON.stringify(issuer.algorithms),
    accounts: JSON.stringify(issuer.accounts),
    conditions: JSON.stringify(issuer.conditions),
    network: JSON.stringify(issuer.network),
  }
}

export function issuerFromRow(row: IssuerRow): Issuer {
  return {
    ...row,
    jwks: row.jwks === null ? null : JSON.parse(row.jwks),
    audience: JSON.parse(row.audience),
    algorithms: JSON.parse(row.algorithms),
    accounts: JSON.parse(row.accounts),
    conditions: JSON.parse(row.conditions),
    network: JSON.parse(row.network),
  }
}
