import { type Kysely, sql } from 'kysely'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { loadStore, lockForLoading } from '../../src/store/dump_load.ts'
import { migrate } from '../../src/store/migrate.ts'
import { ACTIVITY_MIGRATIONS, MAIN_MIGRATIONS, type StoreLocation } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { organization, session, ticket } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'
import { group, route } from './program_rows.ts'
import { account, apiKey } from './rows.ts'

/** A store that an Octroi wrote which knew programs, and nobody who signs in. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const AT = '2026-01-01T00:00:00.000Z'
const ROWS = [
  sql`insert into groups (id, name, description, grants, created_at, updated_at)
    values ('g1', 'Groupe g1', 'été', '[]', ${AT}, ${AT})`,
  sql`insert into accounts (id, kind, name, description, disabled_at, created_at, updated_at, email, grants)
    values ('a1', 'person', 'Compte a1', 'l’été — 会計', null, ${AT}, ${AT}, 'Zoe@Example.org', '[]'),
      ('a2', 'service', 'Compte a2', 'l’été — 会計', null, ${AT}, ${AT}, 'no address', '[]'),
      ('a3', 'service', 'Compte a3', 'l’été — 会計', null, ${AT}, ${AT}, null, '[]')`,
  sql`insert into account_groups (account_id, group_id) values ('a1', 'g1')`,
  sql`insert into account_passwords (account_id, hash) values ('a2', 'phc')`,
  sql`insert into api_keys (id, account_id, name, description, permissions, grants, cidrs, rate_limit, imported,
      usable_when_owner_inactive, environment, expires_at, disabled_at, revoked_at, created_at, updated_at, created_by,
      tech_name, inherits_groups)
    values ('k1', 'a1', 'Clé k1', '', '[]', '[]', '[]', null, 0, 1, 'test', null, null, null, ${AT}, ${AT}, null, null, 1)`,
  sql`insert into key_secrets (hash, key_id, expires_at, created_at) values ('hash-1', 'k1', null, ${AT})`,
  sql`insert into routes (id, name, description, host, path, methods, accept, allow, cors_origins, created_at, updated_at)
    values ('r1', 'Route r1', '会計', 'shop.example.org', '/api/**', '["GET","POST"]',
      '{"mode":"any","kinds":["api_key","basic"]}',
      '{"keys":["k1"],"accounts":["a1"],"groups":[],"authenticated":false}', '["https://app.example.org"]', ${AT}, ${AT})`,
]

async function writeAsBefore({ dataDir, databaseUrl }: StoreLocation): Promise<void> {
  const engines = databaseUrl === undefined ? await openSqlite(dataDir) : openPostgres(databaseUrl)
  const main = MAIN_MIGRATIONS.filter(({ name }) => name < '0005')
  const activity = ACTIVITY_MIGRATIONS.filter(({ name }) => name < '0004')
  await migrate(engines.main as unknown as Kysely<unknown>, engines.engine, 'main', main)
  await migrate(engines.activity as unknown as Kysely<unknown>, engines.engine, 'activity', activity)
  for (const row of ROWS) await row.execute(engines.main)
  await sql`insert into key_uses (key_id, at) values ('k1', ${AT})`.execute(engines.activity)
  await engines.close()
}

describe.each(ENGINES)('%s', (engine) => {
  it('programs of before work on; people can sign in by password and passkey, and are known by the address of before', async () => {
    const location = await places.fresh(engine)
    await writeAsBefore(location)
    const { store, hot, activity } = await places.open(location)
    const person = account('a1', { kind: 'person', groups: ['g1'], email: 'Zoe@Example.org' })
    const service = account('a2', { email: 'no address', has_password: true })
    const key = apiKey('k1', 'a1', { permissions: [], grants: [], cidrs: [], rate_limit: null })
    expect(await hot.findKey('hash-1')).toEqual({ key, account: person, secret_expires_at: null })
    expect(await store.accounts.list({ limit: 9 })).toEqual([person, service, account('a3')])
    expect(await store.routes.all()).toEqual([route('r1')])
    expect(await activity.lastUses(['k1'])).toEqual(new Map([['k1', AT]]))
    expect((await hot.signInMethods()).map(({ method }) => method.id)).toEqual(['password', 'passkey'])
    expect(await store.emails.holders('zoe@example.org')).toEqual([person])
    await store.organizations.insert(organization('o1', { groups: ['g1'] }))
    await store.sessions.insert(session('s1', 'a1', { organization: 'o1' }), 'token-1')
    expect((await hot.findSession('token-1'))?.account).toEqual(person)
    await activity.tickets.put(ticket('t1'))
    await activity.noteSessionUses([{ session: 's1', at: AT }])
    const strict = route('r1', { session: { mfa: true, max_age_s: 600 } })
    await store.routes.update(strict)
    expect(await hot.routes()).toEqual([strict])
    await store.groups.insert(group('g2'))
    await expect(store.groups.delete('g1')).rejects.toMatchObject({
      detail: expect.stringContaining('the account a1, the organization o1'),
    })
  }, 60_000)

  it('a backup of before is restored with the two methods, and people are known by its addresses', async () => {
    const location = await places.fresh(engine)
    const [main, activity] = [MAIN_MIGRATIONS, ACTIVITY_MIGRATIONS].map((all) => all.map(({ name }) => name))
    const person = { id: 'a1', kind: 'person', name: 'Zoé', description: '', email: 'Zoe@Example.org', grants: '[]' }
    const lock = await lockForLoading(location)
    const methods = await loadStore(location, {
      migrations: {
        main: (main ?? []).filter((name) => name < '0005'),
        activity: (activity ?? []).filter((name) => name < '0004'),
      },
      rows: (insert) => insert('accounts', [{ ...person, disabled_at: null, created_at: AT, updated_at: AT }]),
      finish: async ({ store }) => ({ ids: (await store.signInMethods.all()).map(({ method }) => method.id) }),
    })
    await lock.release()
    expect(methods.ids).toEqual(['password', 'passkey'])
    const { store } = await places.open(location)
    expect((await store.emails.holders('zoe@example.org')).map(({ id }) => id)).toEqual(['a1'])
  }, 60_000)
})
