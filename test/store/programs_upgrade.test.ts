import { type Kysely, sql } from 'kysely'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { ACTIVITY_MIGRATIONS, MAIN_MIGRATIONS, type StoreLocation } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { group, issuer, route, signingKey } from './program_rows.ts'
import { account, apiKey } from './rows.ts'

/** A store that an Octroi wrote which knew no groups, routes and issuers. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const AT = '2026-01-01T00:00:00.000Z'
const ROWS = [
  sql`insert into accounts (id, kind, name, description, disabled_at, created_at, updated_at)
    values ('a1', 'service', 'Compte a1', 'l’été — 会計', null, ${AT}, ${AT})`,
  sql`insert into api_keys (id, account_id, name, description, permissions, grants, cidrs, rate_limit, imported,
      usable_when_owner_inactive, environment, expires_at, disabled_at, revoked_at, created_at, updated_at, created_by)
    values ('k1', 'a1', 'Clé k1', '', '[]', '[]', '[]', null, 0, 1, 'test', null, null, null, ${AT}, ${AT}, null)`,
  sql`insert into key_secrets (hash, key_id, expires_at, created_at) values ('hash-1', 'k1', null, ${AT})`,
]

async function writeAsBefore({ dataDir, databaseUrl }: StoreLocation): Promise<void> {
  const engines = databaseUrl === undefined ? await openSqlite(dataDir) : openPostgres(databaseUrl)
  const main = MAIN_MIGRATIONS.filter(({ name }) => name < '0004')
  const activity = ACTIVITY_MIGRATIONS.filter(({ name }) => name < '0003')
  await migrate(engines.main as unknown as Kysely<unknown>, engines.engine, 'main', main)
  await migrate(engines.activity as unknown as Kysely<unknown>, engines.engine, 'activity', activity)
  for (const row of ROWS) await row.execute(engines.main)
  await sql`insert into key_uses (key_id, at) values ('k1', ${AT})`.execute(engines.activity)
  await engines.close()
}

describe.each(ENGINES)('%s', (engine) => {
  it('keys of before work on with the groups of their account, and everything new can be used', async () => {
    const location = await places.fresh(engine)
    await writeAsBefore(location)
    const { store, hot, activity } = await places.open(location)
    const key = apiKey('k1', 'a1', { permissions: [], grants: [], cidrs: [], rate_limit: null })
    const found = { key, account: account('a1'), secret_expires_at: null }
    expect(await hot.findKey('hash-1')).toEqual(found)
    expect(await store.accounts.get('a1')).toEqual(account('a1'))
    expect(await activity.lastUses(['k1'])).toEqual(new Map([['k1', AT]]))
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
