import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OpenStore } from '../../src/store/open.ts'
import { sqliteFiles } from '../../src/store/sqlite.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, type EngineName, OtherProcess, Places } from './places.ts'
import { account, apiKey, batch, fill, keySecret } from './rows.ts'

/** All or nothing, one writer at a time, and what happens to those who wait. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const unavailable = expect.objectContaining({ code: 'store_unavailable' })

/** Takes the writer's lock from outside; the answer gives it back. */
async function holdWriteLock(engine: EngineName, open: OpenStore): Promise<() => Promise<unknown>> {
  const { dataDir, databaseUrl } = places.locationOf(open)
  if (engine === 'postgres') {
    const client = new pg.Client(databaseUrl)
    await client.connect()
    await client.query('begin')
    await client.query('select * from store_version for update')
    return () => client.end()
  }
  const db = new DatabaseSync(sqliteFiles(dataDir).main)
  db.exec('begin immediate')
  return async () => db.close()
}

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    await fill(open)
  }, 60_000)
  const names = async () => (await open.store.accounts.list({ limit: 99 })).map(({ id }) => id)

  it('commits all of a transaction and returns its result', async () => {
    const result = await open.store.transaction(async (trx) => {
      await trx.accounts.insert(account('a2'))
      return (await trx.accounts.get('a2'))?.id
    })
    expect(result).toBe('a2')
    expect(await names()).toEqual(['a1', 'a2'])
  })

  it('keeps nothing of a transaction in which a later statement fails', async () => {
    const failed = open.store.transaction(async (trx) => {
      await trx.accounts.insert(account('a2'))
      await trx.keys.insert(apiKey('k2', 'a2'), keySecret('hash-1', 'k2'))
    })
    await expect(failed).rejects.toMatchObject({ code: 'conflict' })
    expect(await names()).toEqual(['a1'])
  })

  it('takes a transaction inside a transaction as a part of it', async () => {
    const failed = open.store.transaction(async (trx) => {
      await trx.transaction((inner) => inner.accounts.insert(account('a2')))
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await names()).toEqual(['a1'])
  })

  it('refuses the outer store inside a transaction, instead of standing still', async () => {
    const statement = open.store.transaction(() => open.store.accounts.get('a1'))
    await expect(statement).rejects.toThrow(/a transaction is open/)
    const nested = open.store.transaction(() => open.store.transaction(async () => 1))
    await expect(nested).rejects.toThrow(/a transaction is open/)
    expect(await names()).toEqual(['a1'])
  })

  it('lets work that a transaction started use the store after it', async () => {
    const over = Promise.withResolvers<void>()
    let later: Promise<unknown> | undefined
    await open.store.transaction(async () => {
      later = over.promise.then(() => open.store.accounts.get('a1'))
    })
    over.resolve()
    expect(await later).toEqual(account('a1'))
  })

  it('reads the key ring, the hot path and the activity while a transaction is open', async () => {
    await open.store.transaction(async (trx) => {
      await trx.accounts.insert(account('a2'))
      expect(await open.store.vault.keyEncryptionKeys()).toHaveLength(1)
      expect((await open.hot.findKey('hash-1'))?.key.id).toBe('k1')
      await open.activity.append(batch('w1', 1), [], [], [])
    })
    expect(await names()).toEqual(['a1', 'a2'])
  })

  it('keeps statements of others out of an open transaction', async () => {
    const begun = Promise.withResolvers<void>()
    const failed = open.store.transaction(async (trx) => {
      await trx.accounts.insert(account('rolled-back'))
      begun.resolve()
      for (let i = 0; i < 20; i++) await tick()
      throw new Error('no')
    })
    await begun.promise
    const other = open.store.accounts.insert(account('kept'))
    await expect(failed).rejects.toThrow('no')
    await other
    expect(await names()).toEqual(['a1', 'kept'])
  })

  it('loses no update of many transactions that read first, in two handles at once', async () => {
    const other = await places.openAgain(open)
    const add = ({ store }: OpenStore) =>
      store.transaction(async (trx) => {
        const now = await trx.accounts.get('a1')
        await tick()
        await trx.accounts.update(account('a1', { name: `${now?.name}+` }))
      })
    await Promise.all(Array.from({ length: 12 }, (_, i) => add(i % 2 ? other : open)))
    expect((await open.store.accounts.get('a1'))?.name).toBe(`Compte a1${'+'.repeat(12)}`)
  })

  it('does not undo a revocation by an edit that had read the key before', async () => {
    const other = await places.openAgain(open)
    const read = Promise.withResolvers<void>()
    const edit = open.store.transaction(async (trx) => {
      const key = await trx.keys.get('k1')
      read.resolve()
      for (let i = 0; i < 50; i++) await tick()
      if (key) await trx.keys.update({ ...key, name: 'Renommée' })
    })
    await read.promise
    const revoke = other.store.transaction(async (trx) => {
      const key = await trx.keys.get('k1')
      if (key) await trx.keys.update({ ...key, revoked_at: '2026-02-01T00:00:00.000Z' })
    })
    await Promise.all([edit, revoke])
    expect(await open.store.keys.get('k1')).toMatchObject({ name: 'Renommée', revoked_at: '2026-02-01T00:00:00.000Z' })
  })

  it('waits for the lock of another without holding up the process, then writes', async () => {
    const giveBack = await holdWriteLock(engine, open)
    let written = false
    const write = open.store.accounts.insert(account('a2')).then(() => {
      written = true
    })
    for (let i = 0; i < 200; i++) await tick()
    expect(written).toBe(false)
    expect((await open.hot.findKey('hash-1'))?.key.id).toBe('k1')
    await giveBack()
    await write
    expect(await names()).toEqual(['a1', 'a2'])
  }, 30_000)

  it.each(['statement', 'transaction'])(
    '503 store_unavailable for a %s that waited in vain, and nothing is written',
    async (form) => {
      const impatient = await places.openAgain(open, { lockWaitMs: 150 })
      const giveBack = await holdWriteLock(engine, open)
      const insert = (store = impatient.store) => store.accounts.insert(account('a2'))
      const write = form === 'statement' ? insert() : impatient.store.transaction((trx) => insert(trx))
      await expect(write).rejects.toEqual(unavailable)
      await giveBack()
      expect(await names()).toEqual(['a1'])
      await insert()
      expect(await names()).toEqual(['a1', 'a2'])
    },
    30_000,
  )

  it('503 for all who stand in line behind a lock, in one wait and not in one each', async () => {
    const waitMs = 1_500
    const impatient = await places.openAgain(open, { lockWaitMs: waitMs })
    const giveBack = await holdWriteLock(engine, open)
    const inserts = ['a2', 'a3', 'a4', 'a5'].map((id) => impatient.store.accounts.insert(account(id)))
    const waiting = Promise.allSettled(inserts)
    // The last of them would be at it for four times as long: the lock is gone by then.
    const freed = sleep(3 * waitMs).then(giveBack)
    const ended = await waiting
    await freed
    expect(ended.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(Array(4).fill('store_unavailable'))
    expect(await names()).toEqual(['a1'])
  }, 30_000)

  it('keeps nothing of a transaction whose process was killed, and frees its lock', async () => {
    const other = new OtherProcess('hold-transaction', places.locationOf(open))
    await other.said('held')
    await other.kill()
    await open.store.accounts.insert(account('a2'))
    expect(await names()).toEqual(['a1', 'a2'])
  }, 30_000)
})
