import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { StoreLocation } from '../../src/store/open.ts'
import { sqliteFiles } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { group, issuer, route, signingKey } from './program_rows.ts'
import { account, apiKey, fill } from './rows.ts'

/** A store from before groups, routes and issuers, with an account and a key in it. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const MAIN = [
  'drop index api_keys_tech_name',
  'alter table api_keys drop column tech_name',
  'alter table api_keys drop column inherits_groups',
  'alter table accounts drop column email',
  'alter table accounts drop column grants',
  ...[
    'signing_keys',
    'issuers',
    'route_groups',
    'routes',
    'key_groups',
    'account_certificates',
    'account_passwords',
  ].map((table) => `drop table ${table}`),
  'drop table account_groups',
  'drop table groups',
  "delete from schema_migrations where name = '0004_programs'",
]
const ACTIVITY = [
  'drop table key_days',
  'drop table rate_windows',
  "delete from activity_migrations where name = '0003_usage'",
  "insert into key_uses (key_id, at) values ('k1', '2026-01-01')",
]

async function asBefore({ databaseUrl, dataDir }: StoreLocation): Promise<void> {
  if (databaseUrl === undefined) {
    const files = sqliteFiles(dataDir)
    for (const [file, statements] of [
      [files.main, MAIN],
      [files.activity, ACTIVITY],
    ] as const) {
      const db = new DatabaseSync(file)
      for (const statement of statements) db.exec(statement)
      db.close()
    }
    return
  }
  const client = new pg.Client(databaseUrl)
  await client.connect()
  for (const statement of [...MAIN, ...ACTIVITY]) await client.query(statement)
  await client.end()
}

describe.each(ENGINES)('%s', (engine) => {
  it('keys of before work on with the groups of their account, and everything new can be used', async () => {
    const before = await places.openFresh(engine)
    await fill(before)
    const location = places.locationOf(before)
    await before.close()
    await asBefore(location)
    const { store, hot, activity } = await places.open(location)
    const found = { key: apiKey('k1', 'a1'), account: account('a1'), secret_expires_at: null }
    expect(await hot.findKey('hash-1')).toEqual(found)
    expect(await store.accounts.get('a1')).toEqual(account('a1'))
    expect(await activity.lastUses(['k1'])).toEqual(new Map([['k1', '2026-01-01']]))
    await store.groups.insert(group('g1'))
    const joined = account('a1', { groups: ['g1'], email: 'a@example.org' })
    await store.accounts.update(joined)
    expect(await hot.findKey('hash-1')).toEqual({ ...found, account: joined })
    await store.routes.insert(route('r1'))
    await store.issuers.insert(issuer('i1'))
    await store.signingKeys.insert(signingKey('s1', 'current'))
    await activity.append(undefined, [], [], [{ key_id: 'k1', day: '2026-01-01', calls: 1, refused: 0 }])
    expect((await activity.takePlaces('k1', 1, { limit: 1, window_s: 60 }, 0)).given).toBe(1)
  }, 60_000)
})
