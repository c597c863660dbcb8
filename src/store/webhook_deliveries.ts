import { type Kysely, sql } from 'kysely'
import type { Page } from '../core/stores.ts'
import type { Delivery, DeliveryState, EventRow } from '../core/types.ts'
import type { AttemptRecord, ClaimedDelivery, DeliveryLease, DeliveryStore } from '../core/webhook_stores.ts'
import type { MainTables } from './schema.ts'

const OVER = ['delivered', 'failed', 'cancelled'] as const

/** A delivery to each webhook that wants the event, in one statement. */
export async function insertDeliveries(db: Kysely<MainTables>, event: Pick<EventRow, 'id'>): Promise<void> {
  await sql`insert into webhook_deliveries (webhook_id, event_id, state, attempts, due_at, created_at)
    select w.id, e.id, case w.state when 'suspended' then 'suspended' else 'waiting' end, 0,
      case w.state when 'suspended' then null else e.at end, e.at
    from events e, webhooks w
    where e.id = ${event.id} and w.state <> 'disabled'
      and exists (select 1 from webhook_types t where t.webhook_id = w.id and t.type in (e.type, '*'))`.execute(db)
}

export class Deliveries implements DeliveryStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async get(webhookId: string, eventId: string): Promise<Delivery | undefined> {
    const row = await this.#select(webhookId).where('d.event_id', '=', eventId).executeTakeFirst()
    return row as Delivery | undefined
  }

  async list(webhookId: string, { limit, after }: Page, state?: DeliveryState): Promise<readonly Delivery[]> {
    let query = this.#select(webhookId).orderBy('d.event_id', 'desc').limit(limit)
    if (after !== undefined) query = query.where('d.event_id', '<', after)
    if (state !== undefined) query = query.where('d.state', '=', state)
    return (await query.execute()) as readonly Delivery[]
  }

  async nextDueAt(): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('webhook_deliveries')
      .select('due_at')
      .where('due_at', 'is not', null)
      .orderBy('due_at')
      .limit(1)
      .executeTakeFirst()
    return row?.due_at ?? undefined
  }

  async claim(
    webhookId: string,
    now: string,
    lease: DeliveryLease,
    limit: number,
  ): Promise<readonly ClaimedDelivery[]> {
    const rows = await this.#db
      .updateTable('webhook_deliveries')
      .set({ lease: lease.token, due_at: lease.until })
      .where('webhook_id', '=', webhookId)
      // Asked again of the row itself: on PostgreSQL another process may have taken it while this statement waited for the row.
      .where('due_at', '<=', now)
      .where('event_id', 'in', (inner) =>
        inner
          .selectFrom('webhook_deliveries as due')
          .select('due.event_id')
          .where('due.webhook_id', '=', webhookId)
          .where('due.due_at', '<=', now)
          .orderBy('due.due_at')
          .orderBy('due.event_id')
          .limit(limit),
      )
      .returning(['event_id', 'attempts'])
      .execute()
    const events = await this.#events(rows.map(({ event_id }) => event_id))
    return rows.flatMap(({ event_id, attempts }) => {
      const event = events.get(event_id)
      return event === undefined ? [] : [{ webhook_id: webhookId, event, attempts, lease: lease.token }]
    })
  }

  async finish(claimed: ClaimedDelivery, record: AttemptRecord): Promise<boolean> {
    const { numUpdatedRows } = await this.#held(claimed)
      .set((row) => ({
        state: record.state,
        attempts: row('attempts', '+', 1),
        due_at: record.due_at,
        lease: null,
        last_at: record.at,
        last_status: record.status,
        last_error: record.error,
        finished_at: record.state === 'waiting' ? null : record.at,
      }))
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async release(claimed: ClaimedDelivery, dueAt: string): Promise<void> {
    await this.#held(claimed).set({ lease: null, due_at: dueAt }).execute()
  }

  async replay(webhookId: string, eventId: string, now: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('webhook_deliveries')
      .set((row) => ({
        state: 'waiting',
        due_at: now,
        attempts: row.case().when('state', '=', 'waiting').then(row.ref('attempts')).else(0).end(),
        finished_at: null,
      }))
      .where('webhook_id', '=', webhookId)
      .where('event_id', '=', eventId)
      .where('lease', 'is', null)
      .where('state', '!=', 'suspended')
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async cancel(webhookId: string, now: string): Promise<number> {
    const { numUpdatedRows } = await this.#db
      .updateTable('webhook_deliveries')
      .set({ state: 'cancelled', due_at: null, lease: null, finished_at: now })
      .where('webhook_id', '=', webhookId)
      .where('state', 'not in', OVER)
      .executeTakeFirst()
    return Number(numUpdatedRows)
  }

  async resume(webhookId: string, now: string): Promise<number> {
    const { numUpdatedRows } = await this.#db
      .updateTable('webhook_deliveries')
      .set({ state: 'waiting', due_at: now, lease: null })
      .where('webhook_id', '=', webhookId)
      .where('state', '=', 'suspended')
      .executeTakeFirst()
    return Number(numUpdatedRows)
  }

  async prune(before: string): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('webhook_deliveries')
      .where('finished_at', '<', before)
      .executeTakeFirst()
    return Number(numDeletedRows)
  }

  #held({ webhook_id, event, lease }: ClaimedDelivery) {
    return this.#db
      .updateTable('webhook_deliveries')
      .where('webhook_id', '=', webhook_id)
      .where('event_id', '=', event.id)
      .where('lease', '=', lease)
  }

  #select(webhookId: string) {
    return this.#db
      .selectFrom('webhook_deliveries as d')
      .innerJoin('events as e', 'e.id', 'd.event_id')
      .select(['d.webhook_id', 'd.event_id as id', 'e.type', 'd.state', 'd.attempts', 'd.due_at', 'd.lease'])
      .select(['d.last_at', 'd.last_status', 'd.last_error', 'd.created_at', 'd.finished_at'])
      .where('d.webhook_id', '=', webhookId)
  }

  async #events(ids: readonly string[]): Promise<ReadonlyMap<string, EventRow>> {
    if (ids.length === 0) return new Map()
    const rows = await this.#db.selectFrom('events').selectAll().where('id', 'in', ids).execute()
    return new Map(rows.map((row) => [row.id, { ...row, data: JSON.parse(row.data) }]))
  }
}
