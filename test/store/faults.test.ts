import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Accounts } from '../../src/store/accounts.ts'
import { Keys } from '../../src/store/keys.ts'
import { type OpenStore, openStore } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { Places } from './places.ts'
import { account, apiKey, fill, keySecret } from './rows.ts'

/** A full disk, and a database that goes away: 503 to callers, never half a change, never an old answer. */

const unavailable = expect.objectContaining({ code: 'store_unavailable', status: 503 })

describe('a full disk under SQLite', () => {
  const places = new Places()
  afterEach(() => places.cleanUp())

  async function fullDisk() {
    const location = await places.fresh('sqlite')
    const open = await places.open(location)
    await fill(open)
    const engines = await openSqlite(location.dataDir)
    const setLimit = async (pages: number | 'now') => {
      const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(engines.main)
      const limit = pages === 'now' ? Number(rows[0]?.page_count) : pages
      await sql.raw(`pragma max_page_count = ${limit}`).execute(engines.main)
    }
    await setLimit('now')
    return { open, engines, setLimit }
  }

  /** More than the free space of a page. */
  const large = (id: string) => account(id, { description: 'x'.repeat(20_000) })

  it('503 store_unavailable for a statement that does not fit, and nothing of it stays', async () => {
    const { open, engines, setLimit } = await fullDisk()
    const accounts = new Accounts(engines.main)
    await expect(accounts.insert(large('a2'))).rejects.toEqual(unavailable)
    expect((await open.store.accounts.list({ limit: 9 })).map(({ id }) => id)).toEqual(['a1'])
    await setLimit(1_000_000)
    await accounts.insert(large('a2'))
    expect(await open.store.accounts.get('a2')).toEqual(large('a2'))
    await engines.close()
  })

  it('keeps nothing of a transaction that did not fit at its end', async () => {
    const { open, engines, setLimit } = await fullDisk()
    const work = engines.main.transaction().execute(async (trx) => {
      await new Keys(trx).update(apiKey('k1', 'a1', { revoked_at: '2026-02-01T00:00:00.000Z' }))
      await new Accounts(trx).insert(large('a2'))
    })
    await expect(work).rejects.toEqual(unavailable)
    expect((await open.hot.findKey('hash-1'))?.key.revoked_at).toBeNull()
    await setLimit(1_000_000)
    await new Keys(engines.main).insert(apiKey('k2', 'a1'), keySecret('hash-2', 'k2'))
    expect((await open.hot.findKey('hash-2'))?.key.id).toBe('k2')
    await engines.close()
  })
})

describe('a PostgreSQL that goes away', () => {
  const places = new Places()
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterEach(() => places.cleanUp(), 60_000)
  afterAll(() => server?.stop(), 60_000)

  const versionOf = async (open: OpenStore) => open.hot.version()

  it('503 store_unavailable for reads, writes and the version, and all is well when it is back', async () => {
    const open = await places.open({ dataDir: '/nonexistent', databaseUrl: await server.createDatabase() })
    await fill(open)
    const before = await versionOf(open)
    await server.down()
    await expect(open.store.accounts.get('a1')).rejects.toEqual(unavailable)
    await expect(open.store.accounts.insert(account('a2'))).rejects.toEqual(unavailable)
    await expect(open.store.transaction((trx) => trx.accounts.insert(account('a2')))).rejects.toEqual(unavailable)
    await expect(open.hot.findKey('hash-1')).rejects.toEqual(unavailable)
    await expect(open.lockForServing()).rejects.toEqual(unavailable)
    await sleep(1_010)
    await expect(versionOf(open)).rejects.toEqual(unavailable)

    await server.up()
    expect((await open.hot.findKey('hash-1'))?.key.id).toBe('k1')
    expect(await open.store.accounts.get('a2')).toBeUndefined()
    await open.store.accounts.insert(account('a2'))
    await sleep(1_010)
    expect(await versionOf(open)).not.toBe(before)
  }, 120_000)

  it('throws from the version rather than give one from before a restart', async () => {
    const open = await places.open({ dataDir: '/nonexistent', databaseUrl: await server.createDatabase() })
    const again = await places.open({ dataDir: '/nonexistent', databaseUrl: places.locationOf(open).databaseUrl })
    await fill(open)
    const before = await versionOf(open)
    await server.down()
    await server.up()
    await again.store.keys.delete('k1')
    await sleep(1_010)
    expect(await versionOf(open)).not.toBe(before)
  }, 120_000)

  it('503 store_unavailable where nothing listens at all', async () => {
    const nowhere = openStore({ dataDir: '/nonexistent', databaseUrl: 'postgres://octroi@127.0.0.1:1/octroi' })
    await expect(nowhere).rejects.toEqual(unavailable)
  })
})
