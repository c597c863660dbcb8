import type { Kysely } from 'kysely'
import type { EventStore, Page } from '../core/stores.ts'
import type { EventRow } from '../core/types.ts'
import { atomically } from './atomic.ts'
import type { MainTables } from './schema.ts'
import { insertDeliveries } from './webhook_deliveries.ts'

export class Events implements EventStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(event: EventRow): Promise<void> {
    await atomically(this.#db, async (db) => {
      await db
        .insertInto('events')
        .values({ ...event, data: JSON.stringify(event.data) })
        .execute()
      await insertDeliveries(db, event)
    })
  }

  async list({ limit, after }: Page, filter: { type?: string; subject?: string } = {}): Promise<readonly EventRow[]> {
    let query = this.#db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(limit)
    if (after !== undefined) query = query.where('id', '<', after)
    if (filter.type !== undefined) query = query.where('type', '=', filter.type)
    if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject)
    return (await query.execute()).map((row) => ({ ...row, data: JSON.parse(row.data) }))
  }

  async existsSince(type: string, subject: string, at: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('events')
      .select('id')
      .where('subject', '=', subject)
      .where('type', '=', type)
      .where('at', '>=', at)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }
}
