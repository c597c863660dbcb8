import { type Kysely, sql } from 'kysely'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { loadStore, lockForLoading } from '../../src/store/dump_load.ts'
import { migrate } from '../../src/store/migrate.ts'
import { ACTIVITY_MIGRATIONS, MAIN_MIGRATIONS, type StoreLocation } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { openid, providerEntry, sessionClient } from './openid_rows.ts'
import { client } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'

/** A store that an Octroi wrote which signed people in, and was no OpenID provider. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const AT = '2026-01-01T00:00:00.000Z'
const ALLOW = '{"accounts":["ada"],"groups":[],"organizations":[],"authenticated":false}'
const TOKEN = '{"enabled":false,"grants":[],"ttl_s":60}'
const ROWS = [
  sql`insert into accounts (id, kind, name, description, disabled_at, created_at, updated_at, email, grants)
    values ('ada', 'person', 'Ada', '', null, ${AT}, ${AT}, null, '[]')`,
  sql`insert into clients (id, name, description, redirect_uris, post_logout_redirect_uris, allow, methods, mfa, roles, default_role,
      token, token_in_query, disabled_at, created_at, updated_at)
    values ('shop', 'Boutique', 'été', '["https://app.example.org/in"]', '[]', ${ALLOW}, '[]', 0, '[]', 'USER', ${TOKEN}, 0, null,
      ${AT}, ${AT})`,
  sql`insert into client_secrets (hash, client_id, expires_at) values ('client-hash', 'shop', null)`,
  ...['s1', 's2'].map(
    (
      id,
    ) => sql`insert into sessions (id, token_hash, account_id, host, parent, method, amr, acr, auth_time, organization, sealed,
        address, user_agent, created_at, expires_at, idle_s)
      values (${id}, ${`token-${id}`}, 'ada', null, null, 'password', '["pwd"]', null, ${AT}, null, null, '192.0.2.1', '', ${AT},
        '2999-01-01T00:00:00.000Z', 60)`,
  ),
]
const SHOP = client('shop', {
  ...{ name: 'Boutique', post_logout_redirect_uris: [], methods: [], mfa: false, default_role: 'USER' },
  allow: JSON.parse(ALLOW),
  token: JSON.parse(TOKEN),
})
const before = {
  main: MAIN_MIGRATIONS.filter(({ name }) => name < '0006'),
  activity: ACTIVITY_MIGRATIONS.filter(({ name }) => name < '0005'),
}

async function writeAsBefore({ dataDir, databaseUrl }: StoreLocation): Promise<void> {
  const engines = databaseUrl === undefined ? await openSqlite(dataDir) : openPostgres(databaseUrl)
  await migrate(engines.main as unknown as Kysely<unknown>, engines.engine, 'main', before.main)
  await migrate(engines.activity as unknown as Kysely<unknown>, engines.engine, 'activity', before.activity)
  for (const row of ROWS) await row.execute(engines.main)
  await engines.close()
}

describe.each(ENGINES)('%s', (engine) => {
  it('sessions and applications of before work on, and can become OpenID’s', async () => {
    const location = await places.fresh(engine)
    await writeAsBefore(location)
    const { store, hot, activity } = await places.open(location)
    expect(await store.clients.findBySecret('shop', 'client-hash', AT)).toEqual(SHOP)
    const [s1, s2] = [await store.sessions.get('s1'), await store.sessions.get('s2')]
    expect([s1?.lineage, s2?.lineage]).toEqual(['s1', 's2'])
    expect((await hot.findSession('token-s2'))?.session).toEqual(s2)
    expect(await store.sessions.findByLineage('s1')).toEqual(s1)
    await store.clients.update({ ...SHOP, openid: openid() })
    expect(await store.sessionClients.put(sessionClient('s1', 'shop'))).toBe(true)
    expect(await activity.providerEntries.add(providerEntry('e1'))).toBe(true)
    await store.sessions.endAll('ada', AT)
    expect(await store.logoutNotices.nextDue()).toBe(AT)
  }, 60_000)

  it('a backup of before is restored with applications that are none of OpenID', async () => {
    const location = await places.fresh(engine)
    const [main, activity] = [before.main, before.activity].map((list) => list.map(({ name }) => name))
    const row = {
      ...{ id: 'shop', name: 'Boutique', description: 'été', redirect_uris: '["https://app.example.org/in"]' },
      ...{ post_logout_redirect_uris: '[]', allow: ALLOW, methods: '[]', mfa: 0, roles: '[]', default_role: 'USER' },
      ...{ token: TOKEN, token_in_query: 0, disabled_at: null, created_at: AT, updated_at: AT },
    }
    const lock = await lockForLoading(location)
    await loadStore(location, {
      migrations: { main: main ?? [], activity: activity ?? [] },
      rows: (insert) => insert('clients', [row]),
      finish: async () => ({}),
    })
    await lock.release()
    const { store } = await places.open(location)
    expect(await store.clients.get('shop')).toEqual(SHOP)
  }, 60_000)
})
