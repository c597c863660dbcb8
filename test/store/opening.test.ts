import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/core/errors.ts'
import { MAIN_MIGRATIONS, openStore, type StoreLocation, storeExists } from '../../src/store/open.ts'
import { sqliteFiles } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, OtherProcess, Places } from './places.ts'
import { account } from './rows.ts'

/** Opening, migrating, and who may run beside whom. */

const places = new Places()
const ALL = MAIN_MIGRATIONS.map(({ name }) => ({ name }))
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

/** Runs SQL on a store behind Octroi's back. */
async function query(location: StoreLocation, sql: string): Promise<readonly Record<string, unknown>[]> {
  if (location.databaseUrl === undefined) {
    const db = new DatabaseSync(sqliteFiles(location.dataDir).main)
    try {
      return db.prepare(sql).all() as Record<string, unknown>[]
    } finally {
      db.close()
    }
  }
  const client = new pg.Client(location.databaseUrl)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const busy = expect.objectContaining({ code: 'busy' })

describe.each(ENGINES)('%s', (engine) => {
  it('says whether a store exists, and creates nothing by asking', async () => {
    const location = await places.fresh(engine)
    expect(await storeExists(location)).toBe(false)
    expect(existsSync(location.dataDir)).toBe(false)
    expect(await storeExists(location)).toBe(false)
    await (await openStore(location)).close()
    expect(await storeExists(location)).toBe(true)
  }, 60_000)

  it('keeps what was written when it is opened again', async () => {
    const location = await places.fresh(engine)
    const first = await openStore(location)
    await first.store.accounts.insert(account('a1'))
    await first.close()
    expect(await (await places.open(location)).store.accounts.get('a1')).toEqual(account('a1'))
  }, 60_000)

  it('is made once by four processes that start at the same time', async () => {
    const location = await places.fresh(engine)
    mkdirSync(location.dataDir, { recursive: true })
    const starting = Array.from({ length: 4 }, () => new OtherProcess('open', location))
    expect(await Promise.all(starting.map((each) => each.ended()))).toEqual(['done', 'done', 'done', 'done'])
    expect(await query(location, 'select name from schema_migrations order by name')).toEqual(ALL)
  }, 60_000)

  it('refuses a store of a newer Octroi and leaves it as it was', async () => {
    const location = await places.fresh(engine)
    await (await openStore(location)).close()
    await query(location, "insert into schema_migrations (name, at) values ('9999_future', '2030-01-01')")
    const before = engine === 'sqlite' ? readFileSync(sqliteFiles(location.dataDir).main) : undefined
    const opening = openStore(location)
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError)
    await expect(opening).rejects.toThrow(/9999_future/)
    if (before) expect(readFileSync(sqliteFiles(location.dataDir).main).equals(before)).toBe(true)
    const names = await query(location, 'select name from schema_migrations order by name')
    expect(names).toEqual([...ALL, { name: '9999_future' }])
  }, 60_000)

  it('keeps maintenance out while a process serves, and lets several serve', async () => {
    const location = await places.fresh(engine)
    const open = await places.open(location)
    const serving = new OtherProcess('lock-shared', location)
    await serving.said('held')
    await expect(open.lockExclusively()).rejects.toEqual(busy)
    const second = await open.lockForServing()
    await serving.release()
    await expect(open.lockExclusively()).rejects.toEqual(busy)
    await second.release()
    await (await open.lockExclusively()).release()
  }, 60_000)

  it('keeps serving out during maintenance', async () => {
    const location = await places.fresh(engine)
    const open = await places.open(location)
    const maintenance = new OtherProcess('lock-exclusive', location)
    await maintenance.said('held')
    await expect(open.lockForServing()).rejects.toEqual(busy)
    await expect(open.lockExclusively()).rejects.toEqual(busy)
    await maintenance.release()
    await (await open.lockForServing()).release()
  }, 60_000)

  it.each(['lock-shared', 'lock-exclusive'])(
    'frees a %s whose process was killed',
    async (mode) => {
      const location = await places.fresh(engine)
      const open = await places.open(location)
      const other = new OtherProcess(mode, location)
      await other.said('held')
      await other.kill()
      // The database hears of a dead client a moment later than the kernel.
      for (;;) {
        const lock = await open.lockExclusively().catch((error) => error)
        if ('release' in lock) return lock.release()
        expect(lock).toEqual(busy)
      }
    },
    60_000,
  )
})

describe('sqlite', () => {
  it('takes the serving lock where a killed process had left an empty lock file', async () => {
    const open = await places.openFresh('sqlite')
    new DatabaseSync(`${places.locationOf(open).dataDir}/serve.lock`).close()
    const lock = await open.lockForServing()
    await expect(open.lockExclusively()).rejects.toEqual(busy)
    await lock.release()
  })

  it('lets nobody else read its files, whatever the folder allows', async () => {
    const location = await places.fresh('sqlite')
    mkdirSync(location.dataDir, { recursive: true, mode: 0o755 })
    const open = await places.open(location)
    await open.store.accounts.insert(account('a1'))
    const { main, activity } = sqliteFiles(location.dataDir)
    for (const file of [main, activity, `${main}-wal`, `${main}-shm`]) expect(statSync(file).mode & 0o077).toBe(0)
  })

  it('503 store_unavailable where the file is no database', async () => {
    const location = await places.fresh('sqlite')
    mkdirSync(location.dataDir, { recursive: true })
    const { main } = sqliteFiles(location.dataDir)
    writeFileSync(
      main,
      'not a database, but long enough to be taken for a header of one, over a hundred bytes of it'.repeat(9),
    )
    await expect(openStore(location)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(String(readFileSync(main))).toContain('not a database')
  })
})
