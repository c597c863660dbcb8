import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, OctroiError } from '../../src/core/errors.ts'
import type { DataKey, Store, VaultStore } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { changeMasterKey, rotateKeyEncryptionKey } from '../../src/vault/rotate.ts'
import { newKey } from '../../src/vault/seal.ts'
import { KeyRing } from '../../src/vault/vault.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { addConnection, CANARY, failingAfter, openAll, secretOf } from './ring.ts'
import { connection } from './rows.ts'

/** The vault over a real store: what may be moved, altered, lost, interrupted, and what stays readable meanwhile. */

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
        ring.openSecrets(dataKey, connection(id), { ...a.sealed, ...sealed })
      await expect(openIn(a.dataKey, 'c1', {})).rejects.toEqual(broken)
      await expect(openIn(a.dataKey, 'c0', { version: 2 })).rejects.toEqual(broken)
      await expect(openIn(a.dataKey, 'c0', { current: a.sealed.next })).rejects.toEqual(broken)
      await expect(openIn(a.dataKey, 'c0', { current: b.sealed.current })).rejects.toEqual(broken)
      await expect(openIn(b.dataKey, 'c0', {})).rejects.toEqual(broken)
      await expect(openIn({ ...a.dataKey, id: b.dataKey.id }, 'c0', {})).rejects.toThrow()
      await expect(openIn({ ...a.dataKey, wrapped: b.dataKey.wrapped }, 'c0', {})).rejects.toThrow()
      expect((await openIn(a.dataKey, 'c0', {})).current).toEqual(secretOf('c0'))
    })

    it.each([
      { settings: { base_url: 'https://attacker.example' } },
      { network: { allow_private: true, allow_http: true } },
      { connector: 'generic-basic' },
      { scheme: 'api_key' },
    ])('do not open for a connection that was pointed elsewhere in the database: %o', async (moved) => {
      const { dataKey, connection: row, sealed } = await stored('c0')
      const opened = ring.openSecrets(dataKey, { ...row, ...moved }, sealed)
      await expect(opened).rejects.toEqual(expect.objectContaining({ code: 'internal' }))
    })

    it('say nothing of themselves when they do not open', async () => {
      const { dataKey, sealed } = await stored('c0')
      const error = await ring.openSecrets(dataKey, connection('c9'), sealed).catch((thrown) => thrown)
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
