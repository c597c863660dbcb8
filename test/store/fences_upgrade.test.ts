import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { StoreLocation } from '../../src/store/open.ts'
import { sqliteFiles } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { replay } from './rows.ts'

/** Kept answers that were written before claims had fences. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T00:00:00.000Z'
const OLD = [
  'alter table replays drop column fence',
  "delete from activity_migrations where name = '0002_fences'",
  `insert into replays (id, body_hash, state, answer, expires_at)
   values ('done', 'body', 'done', 'sealed', '2026-01-01T00:01:00.000Z'),
          ('claimed', 'body', 'in_flight', null, '2026-01-01T00:01:00.000Z')`,
]

async function asBefore({ databaseUrl, dataDir }: StoreLocation): Promise<void> {
  if (databaseUrl === undefined) {
    const db = new DatabaseSync(sqliteFiles(dataDir).activity)
    for (const statement of OLD) db.exec(statement)
    return db.close()
  }
  const client = new pg.Client(databaseUrl)
  await client.connect()
  for (const statement of OLD) await client.query(statement)
  await client.end()
}

describe.each(ENGINES)('%s', (engine) => {
  it('answers of before stay; claims of before hold until they lapse, and then are free', async () => {
    const before = await places.openFresh(engine)
    const location = places.locationOf(before)
    await before.close()
    await asBefore(location)
    const { activity } = await places.open(location)
    const done = replay('done', { state: 'done', answer: 'sealed', fence: '' })
    expect(await activity.claimReplay(replay('done'), NOW)).toEqual(done)
    expect(await activity.claimReplay(replay('claimed'), NOW)).toMatchObject({ state: 'in_flight', fence: '' })
    const next = replay('claimed', { expires_at: '2026-01-01T00:02:00.000Z' })
    expect(await activity.claimReplay(next, '2026-01-01T00:01:00.000Z')).toBeUndefined()
    await activity.finishReplay({ ...next, state: 'done', answer: 'new' })
    expect(await activity.getReplay('claimed')).toMatchObject({ state: 'done', answer: 'new' })
  }, 60_000)
})
