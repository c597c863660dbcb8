import { type Kysely, type Selectable, sql, type UpdateObject } from 'kysely'
import type { DueToken, TokenRow, TokenStore } from '../core/token_stores.ts'
import type { MainTables } from './schema.ts'

type Row = Selectable<MainTables['connection_tokens']>

export class Tokens implements TokenStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async get(connectionId: string): Promise<TokenRow | undefined> {
    const row = await this.#db
      .selectFrom('connection_tokens')
      .selectAll()
      .where('connection_id', '=', connectionId)
      .executeTakeFirst()
    return row && plain(row)
  }

  async put(connectionId: string, sealed: string | null, dueAt: string | null): Promise<number> {
    const row = await this.#db
      .insertInto('connection_tokens')
      .values({
        connection_id: connectionId,
        sealed,
        version: 1,
        due_at: dueAt,
        failures: 0,
        fence: 0,
        lease_until: null,
      })
      .onConflict((conflict) =>
        conflict.column('connection_id').doUpdateSet({
          sealed,
          version: sql`connection_tokens.version + 1`,
          due_at: dueAt,
          failures: 0,
          fence: sql`connection_tokens.fence + 1`,
          lease_until: null,
        }),
      )
      .returning('version')
      .executeTakeFirstOrThrow()
    return row.version
  }

  async lease(connectionId: string, now: string, until: string): Promise<number | undefined> {
    const row = await this.#db
      .updateTable('connection_tokens')
      .set({ fence: sql`fence + 1`, lease_until: until })
      .where('connection_id', '=', connectionId)
      .where((where) => where.or([where('lease_until', 'is', null), where('lease_until', '<=', now)]))
      .returning('fence')
      .executeTakeFirst()
    return row?.fence
  }

  async save(
    connectionId: string,
    fence: number,
    secretsVersion: number,
    sealed: string | null,
    dueAt: string | null,
  ): Promise<number | undefined> {
    const row = await this.#held(connectionId, fence, {
      sealed,
      version: sql<number>`version + 1`,
      due_at: dueAt,
      failures: 0,
      lease_until: null,
    })
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('connections')
            .select('id')
            .where('id', '=', connectionId)
            .where('secrets_version', '=', secretsVersion),
        ),
      )
      .returning('version')
      .executeTakeFirst()
    return row?.version
  }

  async fail(connectionId: string, fence: number, dueAt: string | null): Promise<boolean> {
    const { numUpdatedRows } = await this.#held(connectionId, fence, {
      due_at: dueAt,
      failures: sql<number>`failures + 1`,
      lease_until: null,
    }).executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async release(connectionId: string, fence: number): Promise<void> {
    await this.#held(connectionId, fence, { lease_until: null }).execute()
  }

  async due(now: string, limit: number, except: readonly string[] = []): Promise<readonly DueToken[]> {
    let query = this.#db
      .selectFrom('connection_tokens')
      .innerJoin('connections', 'connections.id', 'connection_tokens.connection_id')
      .select(['connection_id', 'connector', 'due_at'])
      .where('due_at', '<=', now)
      .where('connections.state', 'in', ['ready', 'degraded'])
      .where((where) => where.or([where('lease_until', 'is', null), where('lease_until', '<=', now)]))
      .orderBy('due_at')
      .limit(limit)
    if (except.length > 0) query = query.where('connections.connector', 'not in', except)
    const rows = await query.execute()
    return rows.map(({ connection_id, connector, due_at }) => ({
      id: connection_id,
      connector,
      due_at: due_at as string,
    }))
  }

  async postpone(connectionId: string, from: string, to: string | null): Promise<void> {
    await this.#db
      .updateTable('connection_tokens')
      .set({ due_at: to })
      .where('connection_id', '=', connectionId)
      .where('due_at', '=', from)
      .execute()
  }

  /** A write that only the holder of the latest lease may make. */
  #held(connectionId: string, fence: number, values: UpdateObject<MainTables, 'connection_tokens'>) {
    return this.#db
      .updateTable('connection_tokens')
      .set(values)
      .where('connection_id', '=', connectionId)
      .where('fence', '=', fence)
  }
}

function plain({ connection_id: _, ...row }: Row): TokenRow {
  return row
}
