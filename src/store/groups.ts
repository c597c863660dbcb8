import { type Kysely, type Selectable, sql } from 'kysely'
import { OctroiError } from '../core/errors.ts'
import type { GroupStore } from '../core/program_stores.ts'
import type { Group } from '../core/program_types.ts'
import type { Page } from '../core/stores.ts'
import { atomically } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { existingGroups } from './memberships.ts'
import type { MainTables } from './schema.ts'

export class Groups implements GroupStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(group: Group): Promise<void> {
    await explaining(`There is a group ${group.id} already.`, () =>
      this.#db.insertInto('groups').values(rowFromGroup(group)).execute(),
    )
  }

  async get(id: string): Promise<Group | undefined> {
    const row = await this.#db.selectFrom('groups').selectAll().where('id', '=', id).executeTakeFirst()
    return row && groupFromRow(row)
  }

  async list({ limit, after }: Page): Promise<readonly Group[]> {
    let query = this.#db.selectFrom('groups').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await query.execute()).map(groupFromRow)
  }

  async update(group: Group): Promise<void> {
    const { id, ...values } = rowFromGroup(group)
    await this.#db.updateTable('groups').set(values).where('id', '=', id).execute()
  }

  async delete(id: string): Promise<boolean> {
    return atomically(this.#db, async (db) => {
      await requireUnused(db, id)
      // Who joined since the question is known to the references of the tables.
      const { numDeletedRows } = await db.deleteFrom('groups').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    })
  }

  existing(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return existingGroups(this.#db, ids)
  }
}

type GroupTable = Extract<keyof MainTables, `${string}_groups`>

/** How many users of each kind the refusal names. */
const NAMED = 3

async function requireUnused(db: Kysely<MainTables>, id: string): Promise<void> {
  const users = [
    ...said('key', await usersOf(db, 'key_groups', 'key_id', id)),
    ...said('account', await usersOf(db, 'account_groups', 'account_id', id)),
    ...said('route', await usersOf(db, 'route_groups', 'route_id', id)),
    ...said('organization', await usersOf(db, 'organization_groups', 'organization_id', id)),
    ...said('sign-in method', await usersOf(db, 'sign_in_method_groups', 'method_id', id)),
    ...said('application', await usersOf(db, 'client_groups', 'client_id', id)),
  ]
  if (users.length === 0) return
  throw new OctroiError('conflict', `The group ${id} is used by ${users.join(', ')}. Take it out of there first.`)
}

async function usersOf(
  db: Kysely<MainTables>,
  table: GroupTable,
  column: string,
  group: string,
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select ${sql.ref(column)} as id from ${sql.table(table)} where group_id = ${group} order by 1 limit ${NAMED + 1}`.execute(
    db,
  )
  return rows.map(({ id }) => id)
}

function said(kind: string, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return []
  const more = ids.length > NAMED ? ' and others' : ''
  return [`the ${kind}${ids.length > 1 ? 's' : ''} ${ids.slice(0, NAMED).join(', ')}${more}`]
}

function rowFromGroup(group: Group) {
  return { ...group, grants: JSON.stringify(group.grants) }
}

function groupFromRow(row: Selectable<MainTables['groups']>): Group {
  return { ...row, grants: JSON.parse(row.grants) }
}
