import type { Kysely, Selectable } from 'kysely'
import type { Page } from '../core/stores.ts'
import type { Webhook, WebhookState } from '../core/types.ts'
import type { StoredWebhook, WebhookStore } from '../core/webhook_stores.ts'
import { atomically } from './atomic.ts'
import type { MainTables } from './schema.ts'

type Row = Selectable<MainTables['webhooks']>

export class Webhooks implements WebhookStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async insert(webhook: Webhook, sealed: string): Promise<void> {
    await atomically(this.#db, async (db) => {
      await db.insertInto('webhooks').values(rowFromWebhook(webhook, sealed)).execute()
      await insertTypes(db, webhook)
    })
  }

  async get(id: string): Promise<StoredWebhook | undefined> {
    const row = await this.#db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst()
    return row && (await this.#withTypes([row]))[0]
  }

  async list({ limit, after }: Page): Promise<readonly Webhook[]> {
    let query = this.#db.selectFrom('webhooks').selectAll().orderBy('id').limit(limit)
    if (after !== undefined) query = query.where('id', '>', after)
    return (await this.#withTypes(await query.execute())).map(({ webhook }) => webhook)
  }

  async update(webhook: Webhook, sealed: string): Promise<void> {
    const { id, ...values } = rowFromWebhook(webhook, sealed)
    await atomically(this.#db, async (db) => {
      await db.updateTable('webhooks').set(values).where('id', '=', id).execute()
      await db.deleteFrom('webhook_types').where('webhook_id', '=', id).execute()
      await insertTypes(db, webhook)
    })
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('webhooks').where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  async count(): Promise<number> {
    const row = await this.#db
      .selectFrom('webhooks')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }

  async due(now: string): Promise<readonly StoredWebhook[]> {
    const rows = await this.#db
      .selectFrom('webhooks')
      .selectAll()
      .where('state', '=', 'active')
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('webhook_deliveries')
            .select('event_id')
            .whereRef('webhook_deliveries.webhook_id', '=', 'webhooks.id')
            .where('due_at', '<=', now),
        ),
      )
      .orderBy('id')
      .execute()
    return this.#withTypes(rows)
  }

  async #withTypes(rows: readonly Row[]): Promise<readonly StoredWebhook[]> {
    if (rows.length === 0) return []
    const found = await this.#db
      .selectFrom('webhook_types')
      .selectAll()
      .where(
        'webhook_id',
        'in',
        rows.map(({ id }) => id),
      )
      .orderBy('type')
      .execute()
    const types = Map.groupBy(found, ({ webhook_id }) => webhook_id)
    return rows.map((row) => fromRow(row, types.get(row.id)?.map(({ type }) => type) ?? []))
  }
}

async function insertTypes(db: Kysely<MainTables>, { id, types }: Webhook): Promise<void> {
  const rows = [...new Set(types)].map((type) => ({ webhook_id: id, type }))
  if (rows.length > 0) await db.insertInto('webhook_types').values(rows).execute()
}

function rowFromWebhook({ types: _, network, ...webhook }: Webhook, secrets: string): Row {
  return { ...webhook, network: JSON.stringify(network), secrets }
}

function fromRow({ secrets, ...row }: Row, types: readonly string[]): StoredWebhook {
  const webhook = { ...row, types, network: JSON.parse(row.network), state: row.state as WebhookState }
  return { webhook, sealed: secrets }
}
