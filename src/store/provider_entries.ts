import { setImmediate as turn } from 'node:timers/promises'
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import type { ProviderEntryStore } from '../core/openid_stores.ts'
import type { ProviderEntry } from '../core/openid_types.ts'
import type { Engine } from './migrate.ts'
import type { ActivityTables } from './schema.ts'

/** So many are deleted at once: on SQLite the process stands still for so long, about ten milliseconds. */
const PORTION = 100

export class ProviderEntries implements ProviderEntryStore {
  readonly #db: Kysely<ActivityTables>
  readonly #engine: Engine

  constructor(db: Kysely<ActivityTables>, engine: Engine) {
    this.#db = db
    this.#engine = engine
  }

  async put(entry: ProviderEntry): Promise<void> {
    const { model: _, id: __, consumed_at: ___, created_at: ____, ...values } = rowFromEntry(entry)
    await this.#db
      .insertInto('provider_entries')
      .values(rowFromEntry(entry))
      .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(values))
      .execute()
  }

  async add(entry: ProviderEntry): Promise<boolean> {
    const { numInsertedOrUpdatedRows: count } = await this.#db
      .insertInto('provider_entries')
      .values(rowFromEntry(entry))
      .onConflict((conflict) => conflict.columns(['model', 'id']).doNothing())
      .executeTakeFirst()
    return (count ?? 0n) > 0n
  }

  async get(model: string, id: string): Promise<ProviderEntry | undefined> {
    const row = await this.#of(model).where('id', '=', id).executeTakeFirst()
    return row && entryFromRow(row)
  }

  async findByUserCode(model: string, userCode: string): Promise<ProviderEntry | undefined> {
    // Codes are short: one that has expired may have been drawn again.
    const found = this.#of(model).where('user_code', '=', userCode).orderBy('expires_at', 'desc').limit(1)
    const row = await found.executeTakeFirst()
    return row && entryFromRow(row)
  }

  async consume(model: string, id: string, at: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('provider_entries')
      .set({ consumed_at: at })
      .where('model', '=', model)
      .where('id', '=', id)
      .where('consumed_at', 'is', null)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async delete(model: string, id: string): Promise<void> {
    await this.#db.deleteFrom('provider_entries').where('model', '=', model).where('id', '=', id).execute()
  }

  async deleteOfGrant(grant: string, model?: string): Promise<void> {
    if (model !== undefined) return this.#deleteAll(sql`grant_id = ${grant} and model = ${model}`)
    // First: without it none of the others is worth anything.
    await this.delete('Grant', grant)
    await this.#deleteAll(sql`grant_id = ${grant}`)
  }

  async deleteOfAccount(account: string, client?: string): Promise<void> {
    const there = client === undefined ? sql`` : sql`and client = ${client}`
    await this.#deleteAll(sql`account = ${account} ${there}`)
  }

  async deleteOfClient(client: string): Promise<void> {
    await this.#deleteAll(sql`client = ${client}`)
  }

  async clientsOf(model: string, account: string, now: string) {
    const rows = await this.#of(model)
      .clearSelect()
      .select(({ fn }) => ['client', fn.min('created_at').as('since')])
      .where('account', '=', account)
      .where('client', 'is not', null)
      .where('consumed_at', 'is', null)
      .where('expires_at', '>', now)
      .groupBy('client')
      .orderBy('client')
      .execute()
    return rows.map(({ client, since }) => ({ client: client as string, since }))
  }

  async deleteExpired(before: string): Promise<void> {
    // What another process deletes at this moment is none of ours.
    const lock = this.#engine === 'postgres' ? sql`for update skip locked` : sql``
    await this.#inPortions(sql`expires_at < ${before} limit ${PORTION} ${lock}`)
  }

  /** On PostgreSQL in one order: two that delete the same rows must not wait for each other. */
  async #deleteAll(found: RawBuilder<unknown>): Promise<void> {
    const lock =
      this.#engine === 'postgres' ? sql`order by model, id limit ${PORTION} for update` : sql`limit ${PORTION}`
    await this.#inPortions(sql`${found} ${lock}`)
  }

  async #inPortions(found: RawBuilder<unknown>): Promise<void> {
    for (;;) {
      const { numAffectedRows } = await sql`delete from provider_entries where (model, id) in (
        select model, id from provider_entries where ${found})`.execute(this.#db)
      if ((numAffectedRows ?? 0n) < BigInt(PORTION)) return
      await turn()
    }
  }

  #of(model: string) {
    return this.#db.selectFrom('provider_entries').selectAll().where('model', '=', model)
  }
}

function rowFromEntry({ grant, ...entry }: ProviderEntry): Selectable<ActivityTables['provider_entries']> {
  return { ...entry, grant_id: grant }
}

function entryFromRow({ grant_id: grant, ...row }: Selectable<ActivityTables['provider_entries']>): ProviderEntry {
  return { ...row, grant }
}
