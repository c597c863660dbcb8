import { type Kysely, type Selectable, sql } from 'kysely'
import type { SignInMethodStore } from '../core/people_stores.ts'
import type { SignInMethod, StoredSignInMethod } from '../core/people_types.ts'
import { listFrom } from './account_rows.ts'
import { atomically } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireGroups } from './memberships.ts'
import type { MainTables } from './schema.ts'

type StoredRow = Selectable<MainTables['sign_in_methods']>
export type SignInMethodRow = StoredRow & { readonly groups: string | null }

export class SignInMethods implements SignInMethodStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(stored: StoredSignInMethod): Promise<void> {
    const { method } = stored
    await atomically(this.#db, async (db) => {
      await explaining(`There is a sign-in method ${method.id} already.`, () =>
        db.insertInto('sign_in_methods').values(rowFromMethod(stored)).execute(),
      )
      await insertGroups(db, method)
    })
  }

  async get(id: string): Promise<StoredSignInMethod | undefined> {
    const row = await this.#rows().where('id', '=', id).executeTakeFirst()
    return row && methodFromRow(row)
  }

  async all(): Promise<readonly StoredSignInMethod[]> {
    return (await this.#rows().orderBy('position').orderBy('id').execute()).map(methodFromRow)
  }

  async update(stored: StoredSignInMethod): Promise<void> {
    const { id, ...values } = rowFromMethod(stored)
    await atomically(this.#db, async (db) => {
      const { numUpdatedRows } = await db
        .updateTable('sign_in_methods')
        .set(values)
        .where('id', '=', id)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('sign_in_method_groups').where('method_id', '=', id).execute()
      await insertGroups(db, stored.method)
    })
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('sign_in_methods').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  #rows() {
    return this.#db.selectFrom('sign_in_methods').selectAll('sign_in_methods').select(GROUPS)
  }
}

const GROUPS_OF = `(select string_agg(group_id, ',') from sign_in_method_groups where method_id = sign_in_methods.id)`
const GROUPS = sql.raw<string | null>(GROUPS_OF).as('groups')

/** All of them, for the hot path. */
export const SELECT_METHODS = `select sign_in_methods.*, ${GROUPS_OF} as groups from sign_in_methods order by position, id`

async function insertGroups(db: Kysely<MainTables>, { id, groups }: SignInMethod): Promise<void> {
  await requireGroups(db, groups)
  const rows = [...new Set(groups)].map((group_id) => ({ method_id: id, group_id }))
  if (rows.length > 0) await db.insertInto('sign_in_method_groups').values(rows).execute()
}

function rowFromMethod({ method, sealed }: StoredSignInMethod): StoredRow {
  const { groups: _, settings, secret_names, network, enabled, ...row } = method
  return {
    ...row,
    enabled: Number(enabled),
    settings: JSON.stringify(settings),
    secret_names: JSON.stringify(secret_names),
    network: JSON.stringify(network),
    sealed,
  }
}

export function methodFromRow({ sealed, groups, ...row }: SignInMethodRow): StoredSignInMethod {
  const method: SignInMethod = {
    ...row,
    kind: row.kind as SignInMethod['kind'],
    enabled: row.enabled === 1,
    settings: JSON.parse(row.settings),
    secret_names: JSON.parse(row.secret_names),
    first_sign_in: row.first_sign_in as SignInMethod['first_sign_in'],
    second_factor: row.second_factor as SignInMethod['second_factor'],
    groups: listFrom(groups, ','),
    organizations: row.organizations as SignInMethod['organizations'],
    network: JSON.parse(row.network),
  }
  return { method, sealed }
}
