import type { Kysely, Selectable } from 'kysely'
import type { RouteStore } from '../core/program_stores.ts'
import type { Route } from '../core/program_types.ts'
import type { Page } from '../core/stores.ts'
import { atomically } from './atomic.ts'
import { explaining } from './conflicts.ts'
import { requireGroups } from './memberships.ts'
import type { MainTables } from './schema.ts'

export type RouteRow = Selectable<MainTables['routes']>

export class Routes implements RouteStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(route: Route): Promise<void> {
    await atomically(this.#db, async (db) => {
      await explaining(`There is a route ${route.id} already.`, () =>
        db.insertInto('routes').values(rowFromRoute(route)).execute(),
      )
      await insertGroups(db, route)
    })
  }

  async get(id: string): Promise<Route | undefined> {
    const row = await this.#db.selectFrom('routes').selectAll().where('id', '=', id).executeTakeFirst()
    return row && routeFromRow(row)
  }

  async list({ limit, after }: Page): Promise<readonly Route[]> {
    let query = this.#db.selectFrom('routes').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await query.execute()).map(routeFromRow)
  }

  async all(): Promise<readonly Route[]> {
    return (await this.#db.selectFrom('routes').selectAll().orderBy('id').execute()).map(routeFromRow)
  }

  async update(route: Route): Promise<void> {
    const { id, ...values } = rowFromRoute(route)
    await atomically(this.#db, async (db) => {
      const { numUpdatedRows } = await db.updateTable('routes').set(values).where('id', '=', id).executeTakeFirst()
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('route_groups').where('route_id', '=', id).execute()
      await insertGroups(db, route)
    })
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('routes').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }
}

async function insertGroups(db: Kysely<MainTables>, { id, allow }: Route): Promise<void> {
  await requireGroups(db, allow.groups)
  const rows = [...new Set(allow.groups)].map((group_id) => ({ route_id: id, group_id }))
  if (rows.length > 0) await db.insertInto('route_groups').values(rows).execute()
}

function rowFromRoute(route: Route): RouteRow {
  return {
    ...route,
    methods: JSON.stringify(route.methods),
    accept: JSON.stringify(route.accept),
    allow: JSON.stringify(route.allow),
    cors_origins: JSON.stringify(route.cors_origins),
    session: JSON.stringify(route.session),
  }
}

export function routeFromRow(row: RouteRow): Route {
  return {
    ...row,
    methods: JSON.parse(row.methods),
    accept: JSON.parse(row.accept),
    allow: JSON.parse(row.allow),
    cors_origins: JSON.parse(row.cors_origins),
    session: JSON.parse(row.session),
  }
}
