import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import { randomId } from '../core/ids.ts'
import type { LogoutNoticeStore } from '../core/openid_stores.ts'
import type { LogoutNotice } from '../core/openid_types.ts'
import { chunks } from './chunks.ts'
import type { MainTables } from './schema.ts'

/**
 * Takes note that clients of sessions (`x`) are to be told of their end, those that want to be. The caller is `alone` and deletes what was
 * found in the same transaction.
 */
export async function noteLogouts(db: Kysely<MainTables>, found: RawBuilder<unknown>, now: string): Promise<void> {
  const { rows } = await sql<{ client_id: string; subject: string; sid: string }>`
    select x.client_id, u.subject, x.sid from session_clients x
      join clients c on c.id = x.client_id join sessions s on s.id = x.session_id join subjects u on u.account_id = s.account_id
    where c.backchannel_logout_uri is not null and ${found}`.execute(db)
  const notices = rows.map((row) => ({ id: randomId(20), ...row, attempts: 0, next_at: now, created_at: now }))
  for (const part of chunks(notices, 500)) await db.insertInto('logout_notices').values(part).execute()
}

export class LogoutNotices implements LogoutNoticeStore {
  readonly #db: Kysely<MainTables>

  constructor(db: Kysely<MainTables>) {
    this.#db = db
  }

  async claim(now: string, until: string, limit: number): Promise<readonly LogoutNotice[]> {
    const rows = await this.#db
      .updateTable('logout_notices')
      .set({ next_at: until })
      // Asked again of the row itself: on PostgreSQL another process may have taken it while this statement waited for the row.
      .where('next_at', '<=', now)
      .where('id', 'in', (inner) =>
        inner
          .selectFrom('logout_notices as due')
          .select('due.id')
          .where('due.next_at', '<=', now)
          .orderBy('due.next_at')
          .orderBy('due.id')
          .limit(limit),
      )
      .returningAll()
      .execute()
    return rows.map(noticeFromRow).sort(oldestFirst)
  }

  async postpone(id: string, attempts: number, nextAt: string): Promise<void> {
    await this.#db.updateTable('logout_notices').set({ attempts, next_at: nextAt }).where('id', '=', id).execute()
  }

  async delete(id: string): Promise<void> {
    await this.#db.deleteFrom('logout_notices').where('id', '=', id).execute()
  }

  async nextDue(): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('logout_notices')
      .select('next_at')
      .orderBy('next_at')
      .limit(1)
      .executeTakeFirst()
    return row?.next_at
  }

  async deleteCreatedBefore(before: string): Promise<void> {
    await this.#db.deleteFrom('logout_notices').where('created_at', '<', before).execute()
  }
}

function oldestFirst(a: LogoutNotice, b: LogoutNotice): number {
  return a.created_at === b.created_at ? (a.id < b.id ? -1 : 1) : a.created_at < b.created_at ? -1 : 1
}

function noticeFromRow({ client_id: client, ...row }: Selectable<MainTables['logout_notices']>): LogoutNotice {
  return { ...row, client }
}
