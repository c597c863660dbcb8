import { setImmediate as tick } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { rotateKeyEncryptionKey } from '../../src/vault/rotate.ts'
import { newKey } from '../../src/vault/seal.ts'
import { KeyRing } from '../../src/vault/vault.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { addConnection, failingAfter, openAll, secretOf } from './ring.ts'

/** Rotation over a real store: interrupted, repeated, beside another ring; everything stays readable meanwhile. */

const places = new Places()
afterEach(async () => {
  vi.useRealTimers()
  await places.cleanUp()
}, 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

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
