import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { method, organization, session, ticket } from './people_rows.ts'
import { ENGINES, type EngineName, OtherProcess, Places } from './places.ts'
import { group, issuer, route, signingKey } from './program_rows.ts'
import { account, apiKey, batch, connection, dataKey, fill, kek, keySecret, replay, sealed } from './rows.ts'

/** The reads of the hot path, and the version by which what they found may be kept (D18). */

const NOW = '2026-01-01T01:00:00.000Z'

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

/**
 * From when on a change must be seen: by what arrives after it in SQLite (the next turn of the event loop), after a second in PostgreSQL,
 * whatever became of its notice.
 */
const bound: Record<EngineName, () => Promise<unknown>> = {
  sqlite: () => nextTurn(),
  postgres: () => sleep(1_010),
}

/** As soon as it is seen, and no later than the bound. */
async function seen(engine: EngineName, { hot }: OpenStore, before: number): Promise<void> {
  if (engine === 'sqlite') return nextTurn()
  for (const until = performance.now() + 1_010; performance.now() < until && (await hot.version()) === before; )
    await sleep(20)
}

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    await fill(open)
    await open.store.groups.insert(group('g1'))
    await open.store.routes.insert(route('r1'))
    await open.store.issuers.insert(issuer('i1'))
    await open.store.organizations.insert(organization('o1'))
    await open.store.sessions.insert(session('s1', 'a1', { organization: 'o1' }), 'token-1')
  }, 60_000)

  const CHANGES: Record<string, (store: Store) => Promise<unknown>> = {
    'a new account': (store) => store.accounts.insert(account('a2')),
    'a disabled account': (store) => store.accounts.update(account('a1', { disabled_at: '2026-02-01T00:00:00.000Z' })),
    'a new key': (store) => store.keys.insert(apiKey('k2', 'a1'), keySecret('hash-2', 'k2')),
    'a revoked key': (store) => store.keys.update(apiKey('k1', 'a1', { revoked_at: '2026-02-01T00:00:00.000Z' })),
    'a deleted key': (store) => store.keys.delete('k1'),
    'a rotated key': (store) => store.keys.replaceSecret(keySecret('hash-2', 'k1'), '2026-02-01T00:00:00.000Z'),
    'a changed connection': (store) => store.connections.update(connection('c1', { name: 'Autre' })),
    'new secrets': (store) => store.connections.updateSecrets('c1', sealed(2), 1),
    'another state': (store) => store.connections.setState('c1', 'degraded', null, '2026-02-01T00:00:00.000Z'),
    'a deleted connection': (store) => store.connections.delete('c1'),
    'a new key of the ring': (store) => store.vault.insertKeyEncryptionKey(kek('kek2')),
    'a rewrapped key of the ring': (store) => store.vault.rewrapKeyEncryptionKey('kek1', 'anew'),
    'a new data key': (store) => store.vault.insertDataKey(dataKey('dk2', 'kek1')),
    'a password': (store) => store.accounts.setPassword('a1', 'hash'),
    'a certificate': (store) => store.accounts.update(account('a1', { certificate_subjects: ['CN=a'] })),
    'a new group': (store) => store.groups.insert(group('g2')),
    'a changed group': (store) => store.groups.update(group('g1', { name: 'Autre' })),
    'a deleted group': (store) => store.groups.delete('g1'),
    'a membership of an account': (store) => store.accounts.update(account('a1', { groups: ['g1'] })),
    'a membership of a key': (store) => store.keys.update(apiKey('k1', 'a1', { groups: ['g1'] })),
    'a new route': (store) => store.routes.insert(route('r2')),
    'a changed route': (store) => store.routes.update(route('r1', { methods: ['*'] })),
    'a deleted route': (store) => store.routes.delete('r1'),
    'a new issuer': (store) => store.issuers.insert(issuer('i2')),
    'a deleted issuer': (store) => store.issuers.delete('i1'),
    'a changed sign-in method': (store) => store.signInMethods.update({ method: method('password'), sealed: null }),
    'groups of an organization': (store) => store.organizations.update(organization('o1', { groups: ['g1'] })),
    'a new session': (store) => store.sessions.insert(session('s2', 'a1'), 'token-2'),
    'a session that ends': (store) => store.sessions.end('s1', NOW),
    'a new signing key': (store) => store.signingKeys.insert(signingKey('s1', 'current')),
    'a transaction': (store) =>
      store.transaction(async (trx) => {
        await trx.accounts.insert(account('a2'))
        await trx.accounts.insert(account('a3'))
      }),
  }

  it.each(Object.keys(CHANGES))('moves the version with %s, also when a second handle wrote it', async (change) => {
    const before = await open.hot.version()
    const writer = (await places.openAgain(open)).store
    await CHANGES[change]?.(writer)
    await seen(engine, open, before)
    expect(await open.hot.version()).not.toBe(before)
  })

  it('moves the version with a write of this very handle', async () => {
    const before = await open.hot.version()
    await open.store.accounts.insert(account('a2'))
    // In the same turn in SQLite: who has written reads what he wrote.
    if (engine === 'postgres') await bound.postgres()
    expect(await open.hot.version()).not.toBe(before)
  })

  it('moves the version with a write of another process', async () => {
    const before = await open.hot.version()
    expect(await new OtherProcess('insert-account', places.locationOf(open)).ended()).toContain('done')
    await seen(engine, open, before)
    expect(await open.hot.version()).not.toBe(before)
  }, 30_000)

  it('keeps the version while only activity is written, or nothing changes', async () => {
    const before = await open.hot.version()
    await open.activity.append(
      batch('w1', 1),
      [{ kind: 'key', value: 'k1' }],
      [{ key_id: 'k1', at: '2026-01-01' }],
      [{ key_id: 'k1', day: '2026-01-01', calls: 1, refused: 0 }],
    )
    await open.activity.takePlaces('k1', 1, { limit: 9, window_s: 60 }, 1_000)
    await open.activity.deleteEndedWindows(1_000_000)
    await open.activity.pruneKeyDays('2027-01-01')
    await open.activity.tickets.put(ticket('t1'))
    await open.activity.tickets.take('t1', 'step', NOW)
    await open.activity.tickets.deleteExpired(NOW)
    await open.activity.noteSessionUses([{ session: 's1', at: NOW }])
    await open.activity.deleteSessionUses('2027-01-01T00:00:00.000Z')
    await open.activity.claimReplay(replay('r1'), '2026-01-01T00:00:00.000Z')
    await open.activity.finishReplay(replay('r1', { state: 'done' }))
    await open.activity.deleteExpiredReplays('2027-01-01T00:00:00.000Z')
    await open.store.connections.setState('c1', 'ready', null, '2026-02-01T00:00:00.000Z')
    await open.store.accounts.list({ limit: 9 })
    await bound[engine]()
    expect(await open.hot.version()).toBe(before)
  })

  it('keeps the version of a transaction that was rolled back, and shows nothing of it', async () => {
    const before = await open.hot.version()
    const failed = open.store.transaction(async (trx) => {
      await trx.keys.insert(apiKey('k2', 'a1'), keySecret('hash-2', 'k2'))
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    await bound[engine]()
    expect(await open.hot.version()).toBe(before)
    expect(await open.hot.findKey('hash-2')).toBeUndefined()
  })

  it('finds a key with its account by the hash of its secret', async () => {
    const found = { key: apiKey('k1', 'a1'), account: account('a1'), secret_expires_at: null }
    expect(await open.hot.findKey('hash-1')).toEqual(found)
    expect(await open.hot.findKey('hash-2')).toBeUndefined()
    await open.store.keys.replaceSecret(keySecret('hash-2', 'k1'), '2026-02-01T00:00:00.000Z')
    expect(await open.hot.findKey('hash-1')).toEqual({ ...found, secret_expires_at: '2026-02-01T00:00:00.000Z' })
    expect(await open.hot.findKey('hash-2')).toEqual(found)
  })

  it('finds a connection with what opens its secrets', async () => {
    expect(await open.hot.findConnection('c1')).toEqual(await open.store.connections.get('c1'))
    expect(await open.hot.findConnection('c2')).toBeUndefined()
  })

  it('shows a revocation to the look-up of a second handle at once', async () => {
    const other = await places.openAgain(open)
    expect((await other.hot.findKey('hash-1'))?.key.revoked_at).toBeNull()
    await open.store.keys.update(apiKey('k1', 'a1', { revoked_at: '2026-02-01T00:00:00.000Z' }))
    expect((await other.hot.findKey('hash-1'))?.key.revoked_at).toBe('2026-02-01T00:00:00.000Z')
  })

  it('shows the end of a session, a disabled account and another group of its organization from the next version on', async () => {
    const found = async () => {
      await bound[engine]()
      return { version: await open.hot.version(), found: await open.hot.findSession('token-1') }
    }
    const writer = (await places.openAgain(open)).store
    const first = await found()
    expect(first.found?.organization).toEqual(organization('o1'))
    await writer.organizations.update(organization('o1', { groups: ['g1'] }))
    const grouped = await found()
    expect(grouped.version).not.toBe(first.version)
    expect(grouped.found?.organization?.groups).toEqual(['g1'])
    await writer.accounts.update(account('a1', { disabled_at: NOW }))
    const disabled = await found()
    expect(disabled.version).not.toBe(grouped.version)
    expect(disabled.found?.account.disabled_at).toBe(NOW)
    await writer.sessions.endAll('a1', NOW)
    const ended = await found()
    expect(ended.version).not.toBe(disabled.version)
    expect(ended.found).toBeUndefined()
  })

  it('shows no half of a transaction', async () => {
    const half = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const work = open.store.transaction(async (trx) => {
      await trx.keys.delete('k1')
      half.resolve()
      await end.promise
      await trx.connections.delete('c1')
    })
    await half.promise
    expect((await open.hot.findKey('hash-1'))?.key.id).toBe('k1')
    end.resolve()
    await work
    expect([await open.hot.findKey('hash-1'), await open.hot.findConnection('c1')]).toEqual([undefined, undefined])
  })
})

const LISTENERS = "from pg_stat_activity where datname = current_database() and query = 'listen octroi_store'"

describe('postgres', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('goes on reading when a newer Octroi adds a column to a table under it', async () => {
    const open = await places.openFresh('postgres')
    await fill(open)
    const before = await open.hot.findKey('hash-1')
    const sql = new pg.Client(places.locationOf(open).databaseUrl)
    await sql.connect()
    for (const table of ['api_keys', 'accounts']) await sql.query(`alter table ${table} add column later text`)
    await sql.end()
    expect(await open.hot.findKey('hash-1')).toEqual(before)
    expect((await open.hot.findAccount('a1'))?.account).toEqual(account('a1'))
  }, 60_000)

  it('moves the version by a notice, with no help of the clock', async () => {
    // Time stands still: nothing ages and nothing is polled.
    vi.useFakeTimers({ toFake: ['performance', 'setInterval'] })
    const open = await places.openFresh('postgres')
    await fill(open)
    const before = await open.hot.version()
    const sql = new pg.Client(places.locationOf(open).databaseUrl)
    await sql.connect()
    while ((await sql.query(`select 1 ${LISTENERS}`)).rowCount === 0) await sleep(10)
    await sql.end()
    await open.store.accounts.insert(account('a2'))
    while ((await open.hot.version()) === before) await sleep(1)
  }, 60_000)

  it('moves the version without any notice when the listening connection is cut again and again', async () => {
    const open = await places.openFresh('postgres')
    await fill(open)
    const before = await open.hot.version()
    const sql = new pg.Client(places.locationOf(open).databaseUrl)
    await sql.connect()
    const cut = () => sql.query(`select pg_terminate_backend(pid) ${LISTENERS}`)
    await cut()
    await open.store.accounts.insert(account('a2'))
    for (let i = 0; i < 20; i++) {
      await cut()
      await sleep(52)
    }
    expect(await open.hot.version()).not.toBe(before)
    await sql.end()
  }, 60_000)
})
