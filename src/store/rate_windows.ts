import { type Kysely, sql } from 'kysely'
import type { RateLimit } from '../core/types.ts'
import type { ActivityTables } from './schema.ts'

/**
 * One statement, which locks the row: whoever comes meanwhile counts from where it ended. `excluded` is the window that would be
 * opened now, the table's own names are the one that is there. A window that began after `nowMs` was opened before a clock was set
 * back, or by a process whose clock is ahead: its places stay taken, and it is open for one length from `nowMs` on, not longer.
 */
export async function takePlaces(
  db: Kysely<ActivityTables>,
  key: string,
  wanted: number,
  { limit, window_s }: RateLimit,
  nowMs: number,
): Promise<{ given: number; endsAt: number }> {
  const first = Math.min(wanted, limit)
  const now = Math.floor(nowMs)
  const { rows } = await sql<{
    given: number | string
    ends: number | string
  }>`insert into rate_windows (key, starts, used, ends, given)
    values (${key}, ${now}, ${first}, ${now + window_s * 1_000}, ${first})
    on conflict (key) do update set
      starts = ${STARTS}, used = ${USED} + ${given(limit)}, ends = ${STARTS} + ${LENGTH}, given = ${given(limit)}
    returning given, ends`.execute(db)
  const [row] = rows
  return { given: Number(row?.given ?? 0), endsAt: Number(row?.ends ?? nowMs) }
}

/** Of the one who asks: a limit that was changed holds at once, also for the window that is open. */
const LENGTH = sql`(excluded.ends - excluded.starts)`
const IS_OPEN = sql`(excluded.starts < rate_windows.starts + ${LENGTH})`
const STARTS = sql`(case when ${IS_OPEN} and rate_windows.starts < excluded.starts then rate_windows.starts else excluded.starts end)`
const USED = sql`(case when ${IS_OPEN} then rate_windows.used else 0 end)`

function given(limit: number) {
  const free = sql`(cast(${limit} as bigint) - ${USED})`
  return sql`(case when ${free} >= excluded.given then excluded.given when ${free} > 0 then ${free} else 0 end)`
}
