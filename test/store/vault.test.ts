import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as tick } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, OctroiError } from '../../src/core/errors.ts'
import type { DataKey, Store, VaultStore } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { changeMasterKey, rotateKeyEncryptionKey } from '../../src/vault/rotate.ts'
import { newKey } from '../../src/vault/seal.ts'
import { KeyRing } from '../../src/vault/vault.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { connection } from './rows.ts'

/** The vault over a real store: what may be moved, altered, lost, interrupted, and what stays readable meanwhile. */

const places = new Places()
afterEach(async () => {
  vi.useRealTimers()
  await places.cleanUp()
}, 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const CANARY = 'canary-3f9c1b7e55'
const secretOf = (id: string) => ({ username: 'apiclient', password: `${CANARY}-${id}` })

async function addConnection(store: Store, ring: KeyRing, id: string): Promise<void> {
  await store.transaction(async (trx) => {
    const dataKey = await ring.newDataKey(trx)
    const sets = { current: secretOf(id), next: id.endsWith('0') ? { password: `${CANARY}-next` } : null }
    await trx.connections.insert(connection(id), await ring.sealSecrets(dataKey, { id }, sets, 1), dataKey.id)
  })
}

async function openAll(store: Store, ring: KeyRing): Promise<number> {
  const rows = await store.connections.list({ limit: 1_000 })
  for (const { id } of rows) {
    const row = await store.connections.get(id)
    if (row === undefined) continue
    expect((await ring.openSecrets(row.dataKey, row.connection, row.sealed)).current).toEqual(secretOf(id))
  }
  return rows.length
}

/** The store, whose `calls`-th call and all after it fail, as when the process is killed there. */
function failingAfter(store: Store, calls: { left: number }): Store {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const member = Reflect.get(object, name)
        if (typeof member === 'object' && member !== null) return wrap(member)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (calls.left-- <= 0) return Promise.reject(new Error('killed here'))
          if (name === 'transaction')
            return member.call(object, (trx: Store) => (args[0] as (store: Store) => unknown)(wrap(trx)))
          return member.apply(object, args)
        }
      },
    })
  return wrap(store)
}

describe.each(ENGINES)('%s', (engine) => {
  const master = newKey()
  let open: OpenStore
  let store: Store
  let ring: KeyRing
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    ring = await KeyRing.create(store, master)
    for (const id of ['c0', 'c1', 'c2']) await addConnection(store, ring, id)
  }, 60_000)

  const stored = async (id: string) => {
    const row = await store.connections.get(id)
    if (row === undefined) throw new Error(`no ${id}`)
    return row
  }

  describe('sealed secrets', () => {
    it('open after a restart, the second set too', async () => {
      const again = await KeyRing.open(store.vault, master)
      expect(await openAll(store, again)).toBe(3)
      const { dataKey, connection: row, sealed } = await stored('c0')
      expect((await again.openSecrets(dataKey, row, sealed)).next).toEqual({ password: `${CANARY}-next` })
    })

    it('do not open in another row, column or version, or with another data key', async () => {
      const [a, b] = [await stored('c0'), await stored('c1')]
      const broken = expect.objectContaining({ code: 'internal' })
      const openIn = (dataKey: typeof a.dataKey, id: string, sealed: object) =>
        ring.openSecrets(dataKey, { id }, { ...a.sealed, ...sealed })
      await expect(openIn(a.dataKey, 'c1', {})).rejects.toEqual(broken)
      await expect(openIn(a.dataKey, 'c0', { version: 2 })).rejects.toEqual(broken)
      await expect(openIn(a.dataKey, 'c0', { current: a.sealed.next })).rejects.toEqual(broken)
      await expect(openIn(a.dataKey, 'c0', { current: b.sealed.current })).rejects.toEqual(broken)
      await expect(openIn(b.dataKey, 'c0', {})).rejects.toEqual(broken)
      await expect(openIn({ ...a.dataKey, id: b.dataKey.id }, 'c0', {})).rejects.toThrow()
      await expect(openIn({ ...a.dataKey, wrapped: b.dataKey.wrapped }, 'c0', {})).rejects.toThrow()
      expect((await openIn(a.dataKey, 'c0', {})).current).toEqual(secretOf('c0'))
    })

    it('say nothing of themselves when they do not open', async () => {
      const { dataKey, sealed } = await stored('c0')
      const error = await ring.openSecrets(dataKey, { id: 'c9' }, sealed).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(OctroiError)
      expect(`${error} ${error.detail} ${error.cause?.stack}`).not.toContain(CANARY)
    })
  })

  describe('the master key', () => {
    it('refuses to start with another one, and changes nothing', async () => {
      const before = await store.vault.keyEncryptionKeys()
      const opening = KeyRing.open(store.vault, newKey())
      await expect(opening).rejects.toBeInstanceOf(ConfigurationError)
      await expect(opening).rejects.toThrow(/not the one that this store was made with/)
      expect(await store.vault.keyEncryptionKeys()).toEqual(before)
    })

    it('refuses to start on a store without a vault, and makes none', async () => {
      const empty = await places.openFresh(engine)
      await expect(KeyRing.open(empty.store.vault, master)).rejects.toBeInstanceOf(ConfigurationError)
      expect(await empty.store.vault.keyEncryptionKeys()).toEqual([])
    })

    it('refuses to start when the root does not open, but not because the store is away', async () => {
      const withRoot = (root: DataKey, keys: VaultStore['keyEncryptionKeys']): VaultStore =>
        new Proxy(store.vault, {
          get(vault, name) {
            if (name === 'dataKey') return async () => root
            if (name === 'keyEncryptionKeys') return keys
            return Reflect.get(vault, name)
          },
        })
      const read = () => store.vault.keyEncryptionKeys()
      const root = (await store.vault.dataKey('root')) as DataKey
      await expect(KeyRing.open(withRoot({ ...root, id: 'other' }, read), master)).rejects.toThrow(/does not open/)
      let reads = 0
      const away = () => (reads++ === 0 ? read() : Promise.reject(new OctroiError('store_unavailable', 'away')))
      const opening = KeyRing.open(withRoot({ ...root, kek_id: 'kek-new' }, away), master)
      await expect(opening).rejects.toMatchObject({ code: 'store_unavailable' })
    })

    it('refuses a second vault in the same store: the first stays whole', async () => {
      await expect(KeyRing.create(store, newKey())).rejects.toMatchObject({ code: 'conflict' })
      expect(await store.vault.keyEncryptionKeys()).toHaveLength(1)
      expect(await openAll(store, await KeyRing.open(store.vault, master))).toBe(3)
    })

    it('is changed in one commit: interrupted anywhere, the old one opens the store; done, only the new one', async () => {
      const next = newKey()
      for (let steps = 0; ; steps++) {
        const killed = await changeMasterKey(
          failingAfter(store, { left: steps }),
          await KeyRing.open(store.vault, master),
          next,
        )
          .then(() => false)
          .catch(() => true)
        if (!killed) break
        expect(await openAll(store, await KeyRing.open(store.vault, master))).toBe(3)
      }
      await expect(KeyRing.open(store.vault, master)).rejects.toBeInstanceOf(ConfigurationError)
      expect(await openAll(store, await KeyRing.open(store.vault, next))).toBe(3)
    })

    it('is changed for a key of the ring that another process added, too', async () => {
      const next = newKey()
      await rotateKeyEncryptionKey(store, await KeyRing.open(store.vault, master))
      await changeMasterKey(store, ring, next)
      expect(await openAll(store, await KeyRing.open(store.vault, next))).toBe(3)
    })

    it('is the one that a later rotation of the same ring wraps with', async () => {
      const next = newKey()
      await changeMasterKey(store, ring, next)
      await rotateKeyEncryptionKey(store, ring)
      await addConnection(store, ring, 'c3')
      expect(await openAll(store, await KeyRing.open(store.vault, next))).toBe(4)
    })
  })

  describe('rotation', () => {
    it('leaves one new key, under which everything is, and the derived keys as they were', async () => {
      const [old] = await store.vault.keyEncryptionKeys()
      const derived = ring.derivedKey('audit').export()
      const progress: number[] = []
      const report = await rotateKeyEncryptionKey(store, ring, (done) => progress.push(done))
      expect(report).toEqual({ key_id: ring.newestKeyId, rewrapped: 4, resumed: false })
      expect(progress).toEqual([4])
      expect((await store.vault.keyEncryptionKeys()).map(({ id }) => id)).toEqual([report.key_id])
      expect(report.key_id).not.toBe(old?.id)
      expect(await store.vault.dataKeysNotUnder(report.key_id, 9)).toEqual([])
      const again = await KeyRing.open(store.vault, master)
      expect(again.derivedKey('audit').export()).toEqual(derived)
      expect(again.derivedKey('other').export()).not.toEqual(derived)
      expect(await openAll(store, again)).toBe(3)
    })

    it('interrupted at every step, everything opens, and the next one finishes it', async () => {
      const derived = ring.derivedKey('keys').export()
      let interrupted = 0
      for (let steps = 0; ; steps++) {
        const working = await KeyRing.open(store.vault, master)
        const killed = await rotateKeyEncryptionKey(failingAfter(store, { left: steps }), working)
          .then(() => false)
          .catch((error) => {
            expect(error.message).toBe('killed here')
            return true
          })
        expect(await openAll(store, ring)).toBe(3)
        expect(await openAll(store, await KeyRing.open(store.vault, master))).toBe(3)
        if (!killed) break
        interrupted++
        const resumed = (await store.vault.keyEncryptionKeys()).length > 1
        const finished = await rotateKeyEncryptionKey(store, await KeyRing.open(store.vault, master))
        expect(finished.resumed).toBe(resumed)
        expect(await store.vault.keyEncryptionKeys()).toHaveLength(1)
        expect(await openAll(store, ring)).toBe(3)
      }
      expect(interrupted).toBeGreaterThan(5)
      expect(ring.derivedKey('keys').export()).toEqual(derived)
      expect((await KeyRing.open(store.vault, master)).derivedKey('keys').export()).toEqual(derived)
    }, 60_000)

    it('beside another process that reads and creates all the time, nothing is ever unreadable', async () => {
      const other = await places.openAgain(open)
      const serving = await KeyRing.open(other.store.vault, master)
      let rotating = true
      let created = 3
      const serve = async () => {
        while (rotating) {
          await addConnection(other.store, serving, `n${created++}`)
          await openAll(other.store, serving)
          // SQLite answers at once: without this the other half of the test would never have its turn.
          await tick()
        }
      }
      const rotate = async () => {
        try {
          for (let i = 0; i < 4; i++) await rotateKeyEncryptionKey(store, ring)
        } finally {
          rotating = false
        }
      }
      await Promise.all([serve(), rotate()])
      expect(await store.vault.keyEncryptionKeys()).toHaveLength(1)
      expect(await openAll(store, await KeyRing.open(store.vault, master))).toBe(created)
    }, 60_000)

    it('by two processes at the same time ends with one key, and everything opens', async () => {
      const other = await places.openAgain(open)
      const second = await KeyRing.open(other.store.vault, master)
      for (let i = 0; i < 5; i++) {
        await Promise.all([rotateKeyEncryptionKey(store, ring), rotateKeyEncryptionKey(other.store, second)])
        expect(await openAll(store, ring)).toBe(3)
        expect(await openAll(other.store, second)).toBe(3)
      }
      expect(await store.vault.keyEncryptionKeys()).toHaveLength(1)
    }, 60_000)

    it('leaves readable what was read from the store before it', async () => {
      const other = await KeyRing.open(store.vault, master)
      const before = await stored('c1')
      await rotateKeyEncryptionKey(store, other)
      const after = await stored('c1')
      expect((await ring.openSecrets(after.dataKey, after.connection, after.sealed)).current).toEqual(secretOf('c1'))
      expect((await ring.openSecrets(before.dataKey, before.connection, before.sealed)).current).toEqual(secretOf('c1'))
    })

    it('is noticed inside an open transaction, which does not stand still', async () => {
      await rotateKeyEncryptionKey(store, await KeyRing.open(store.vault, master))
      const changed = await store.transaction(async (trx) => {
        const row = await trx.connections.get('c1')
        if (row === undefined) return false
        const sets = await ring.openSecrets(row.dataKey, row.connection, row.sealed)
        return trx.connections.updateSecrets('c1', await ring.sealSecrets(row.dataKey, row.connection, sets, 2), 1)
      })
      expect(changed).toBe(true)
      expect(await openAll(store, ring)).toBe(3)
    })

    it('ends also when the clock was set back since the last one', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2030-01-01T00:00:00Z') })
      const first = await rotateKeyEncryptionKey(store, ring)
      vi.setSystemTime(Date.parse('2029-01-01T00:00:00Z'))
      const serving = await KeyRing.open(store.vault, master)
      const second = await rotateKeyEncryptionKey(store, ring)
      expect(second.key_id).not.toBe(first.key_id)
      expect((await store.vault.keyEncryptionKeys()).map(({ id }) => id)).toEqual([second.key_id])
      await tick()
      await addConnection(store, serving, 'c3')
      expect((await stored('c3')).dataKey.kek_id).toBe(second.key_id)
    })
  })
})

describe('sqlite', () => {
  it('holds no plain secret in any of its files, before and after a checkpoint', async () => {
    const open = await places.openFresh('sqlite')
    const { dataDir } = places.locationOf(open)
    const ring = await KeyRing.create(open.store, newKey())
    await addConnection(open.store, ring, 'c0')
    const files = () => readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name)))
    const holds = (text: string) => files().some((bytes) => bytes.includes(text))
    expect(holds('asso.example.org')).toBe(true)
    expect([holds(CANARY), holds('apiclient')]).toEqual([false, false])
    const db = new DatabaseSync(join(dataDir, 'octroi.db'))
    db.exec('pragma wal_checkpoint(truncate)')
    db.close()
    expect(holds('asso.example.org')).toBe(true)
    expect([holds(CANARY), holds('apiclient')]).toEqual([false, false])
  })

  it('is the same byte for byte after a start with a wrong master key', async () => {
    const location = await places.fresh('sqlite')
    const first = await places.open(location)
    await KeyRing.create(first.store, newKey())
    await first.close()
    const bytes = () => readFileSync(join(location.dataDir, 'octroi.db'))
    const before = bytes()
    const second = await places.open(location)
    await expect(KeyRing.open(second.store.vault, newKey())).rejects.toBeInstanceOf(ConfigurationError)
    await second.close()
    expect(bytes().equals(before)).toBe(true)
  })
})
