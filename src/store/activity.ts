import type { Kysely, Selectable } from 'kysely'
import type { ProviderEntryStore } from '../core/openid_stores.ts'
import type { SessionUse, TicketStore } from '../core/people_stores.ts'
import type { KeyDay } from '../core/program_types.ts'
import type {
  ActivityStore,
  AuditBatch,
  AuditCheckpoint,
  AuditIndexEntry,
  AuditQuery,
  KeyUse,
  ReplayRow,
} from '../core/stores.ts'
import type { RateLimit } from '../core/types.ts'
import { atomically } from './atomic.ts'
import { chunks } from './chunks.ts'
import { addDays } from './key_days.ts'
import type { Engine } from './migrate.ts'
import { ProviderEntries } from './provider_entries.ts'
import { takePlaces } from './rate_windows.ts'
import type { ActivityTables } from './schema.ts'
import { noteSessionUses, sessionUses } from './session_uses.ts'
import { Tickets } from './tickets.ts'

export class Activity implements ActivityStore {
  readonly #db: Kysely<ActivityTables>
  readonly tickets: TicketStore
  readonly providerEntries: ProviderEntryStore

  constructor(db: Kysely<ActivityTables>, engine: Engine) {
    this.#db = db
    this.tickets = new Tickets(db)
    this.providerEntries = new ProviderEntries(db, engine)
  }

  async append(
    batch: AuditBatch | undefined,
    index: readonly AuditIndexEntry[],
    uses: readonly KeyUse[],
    days: readonly KeyDay[],
  ): Promise<void> {
    await atomically(this.#db, async (trx) => {
      if (batch !== undefined) {
        const { row } = await trx.insertInto('audit_batches').values(batch).returning('row').executeTakeFirstOrThrow()
        const entries = new Map(index.map((entry) => [`${entry.kind} ${entry.value}`, entry]))
        for (const part of chunks([...entries.values()], 1_000)) {
          await trx
            .insertInto('audit_index')
            .values(part.map((entry) => ({ ...entry, row })))
            .execute()
        }
      }
      for (const part of chunks(latestUses(uses), 1_000)) {
        await trx
          .insertInto('key_uses')
          .values([...part])
          .onConflict((conflict) =>
            conflict
              .column('key_id')
              .doUpdateSet((set) => ({ at: set.ref('excluded.at') }))
              // The batch of another process may come late.
              .whereRef('excluded.at', '>', 'key_uses.at'),
          )
          .execute()
      }
      await addDays(trx, days)
    })
  }

  async lastBatch(writer: string): Promise<Pick<AuditBatch, 'seq' | 'mac'> | undefined> {
    return this.#db
      .selectFrom('audit_batches')
      .select(['seq', 'mac'])
      .where('writer', '=', writer)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst()
  }

  async batches(query: AuditQuery): Promise<readonly (AuditBatch & { readonly row: number })[]> {
    let select = this.#db.selectFrom('audit_batches').selectAll().orderBy('row', 'desc').limit(query.limit)
    if (query.before !== undefined) select = select.where('row', '<', query.before)
    if (query.since !== undefined) select = select.where('last_at', '>=', query.since)
    for (const kind of ['key', 'connection'] as const) {
      const value = query[kind]
      if (value === undefined) continue
      select = select.where('row', 'in', (inner) =>
        inner.selectFrom('audit_index').select('audit_index.row').where('kind', '=', kind).where('value', '=', value),
      )
    }
    return (await select.execute()).map((row) => ({ ...row, row: Number(row.row) }))
  }

  async writers(): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom('audit_batches').select('writer').distinct().orderBy('writer').execute()
    return rows.map((row) => row.writer)
  }

  chain(writer: string, afterSeq: number, limit: number): Promise<readonly AuditBatch[]> {
    return this.#db
      .selectFrom('audit_batches')
      .select(['writer', 'seq', 'first_at', 'last_at', 'count', 'lines', 'mac'])
      .where('writer', '=', writer)
      .where('seq', '>', afterSeq)
      .orderBy('seq')
      .limit(limit)
      .execute()
  }

  checkpoints(): Promise<readonly AuditCheckpoint[]> {
    return this.#db.selectFrom('audit_checkpoints').selectAll().orderBy('writer').execute()
  }

  async prune(checkpoint: AuditCheckpoint): Promise<number> {
    return atomically(this.#db, async (trx) => {
      await trx
        .insertInto('audit_checkpoints')
        .values(checkpoint)
        .onConflict((conflict) => {
          const { writer: _, ...values } = checkpoint
          // Two processes may prune at once: the checkpoint of the slower one must not stand before what the other deleted.
          return conflict.column('writer').doUpdateSet(values).whereRef('excluded.seq', '>', 'audit_checkpoints.seq')
        })
        .execute()
      const { numDeletedRows } = await trx
        .deleteFrom('audit_batches')
        .where('writer', '=', checkpoint.writer)
        .where('seq', '<=', checkpoint.seq)
        .executeTakeFirst()
      return Number(numDeletedRows)
    })
  }

  async keyDays(keyId: string, from: string, to: string): Promise<readonly KeyDay[]> {
    const rows = await this.#db
      .selectFrom('key_days')
      .selectAll()
      .where('key_id', '=', keyId)
      .where('day', '>=', from)
      .where('day', '<=', to)
      .orderBy('day')
      .execute()
    return rows.map((row) => ({ ...row, calls: Number(row.calls), refused: Number(row.refused) }))
  }

  async pruneKeyDays(before: string): Promise<void> {
    await this.#db.deleteFrom('key_days').where('day', '<', before).execute()
  }

  takePlaces(key: string, wanted: number, limit: RateLimit, nowMs: number) {
    return takePlaces(this.#db, key, wanted, limit, nowMs)
  }

  async deleteEndedWindows(beforeMs: number): Promise<void> {
    await this.#db.deleteFrom('rate_windows').where('ends', '<', beforeMs).execute()
  }

  noteSessionUses(uses: readonly SessionUse[]): Promise<void> {
    return noteSessionUses(this.#db, uses)
  }

  sessionUses(sessions: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return sessionUses(this.#db, sessions)
  }

  async deleteSessionUses(before: string): Promise<void> {
    await this.#db.deleteFrom('session_uses').where('at', '<', before).execute()
  }

  async lastUses(keyIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (keyIds.length === 0) return new Map()
    const rows = await this.#db.selectFrom('key_uses').selectAll().where('key_id', 'in', keyIds).execute()
    return new Map(rows.map((row) => [row.key_id, row.at]))
  }

  async claimReplay(row: ReplayRow, now: string): Promise<ReplayRow | undefined> {
    return this.#db.transaction().execute(async (trx) => {
      for (;;) {
        await trx.deleteFrom('replays').where('id', '=', row.id).where('expires_at', '<=', now).execute()
        const inserted = await trx
          .insertInto('replays')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst()
        if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) return undefined
        const holder = await trx.selectFrom('replays').selectAll().where('id', '=', row.id).executeTakeFirst()
        if (holder !== undefined) return replayFromRow(holder)
        // On PostgreSQL the holder may have let go between the two statements: the place is free again.
      }
    })
  }

  async getReplay(id: string): Promise<ReplayRow | undefined> {
    const row = await this.#db.selectFrom('replays').selectAll().where('id', '=', id).executeTakeFirst()
    return row && replayFromRow(row)
  }

  async finishReplay({ id, fence, state, answer, expires_at }: Omit<ReplayRow, 'body_hash'>): Promise<void> {
    await this.#db
      .updateTable('replays')
      .set({ state, answer, expires_at })
      .where('id', '=', id)
      .where('fence', '=', fence)
      .where('state', '=', 'in_flight')
      .execute()
  }

  async releaseReplay(id: string, fence: string): Promise<void> {
    await this.#db
      .deleteFrom('replays')
      .where('id', '=', id)
      .where('fence', '=', fence)
      .where('state', '=', 'in_flight')
      .execute()
  }

  async deleteExpiredReplays(now: string): Promise<void> {
    await this.#db.deleteFrom('replays').where('expires_at', '<=', now).execute()
  }
}

/**
 * One use per key, the latest: PostgreSQL refuses to update a row twice in one statement. In order, so that two processes lock
 * the rows in the same order.
 */
function latestUses(uses: readonly KeyUse[]): readonly KeyUse[] {
  const latest = new Map<string, KeyUse>()
  for (const use of uses) {
    const known = latest.get(use.key_id)
    if (known === undefined || use.at > known.at) latest.set(use.key_id, use)
  }
  return [...latest.values()].sort((a, b) => (a.key_id < b.key_id ? -1 : 1))
}

function replayFromRow(row: Selectable<ActivityTables['replays']>): ReplayRow {
  return { ...row, state: row.state as ReplayRow['state'] }
}
