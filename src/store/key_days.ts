import { type Kysely, sql } from 'kysely'
import type { KeyDay } from '../core/program_types.ts'
import { chunks } from './chunks.ts'
import type { ActivityTables } from './schema.ts'

/** What is counted is added to what is there: several processes count the same day. */
export async function addDays(db: Kysely<ActivityTables>, days: readonly KeyDay[]): Promise<void> {
  for (const part of chunks(sums(days), 1_000)) {
    await db
      .insertInto('key_days')
      .values([...part])
      .onConflict((conflict) =>
        conflict.columns(['key_id', 'day']).doUpdateSet({
          calls: sql<number>`key_days.calls + excluded.calls`,
          refused: sql<number>`key_days.refused + excluded.refused`,
        }),
      )
      .execute()
  }
}

/** One row per key and day, which PostgreSQL demands of a statement; in order, so that two processes lock them in the same order. */
function sums(days: readonly KeyDay[]): readonly KeyDay[] {
  const byName = new Map<string, KeyDay>()
  for (const day of days) {
    const name = `${day.day} ${day.key_id}`
    const known = byName.get(name)
    const { calls = 0, refused = 0 } = known ?? {}
    byName.set(name, { ...day, calls: calls + day.calls, refused: refused + day.refused })
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, day]) => day)
}
