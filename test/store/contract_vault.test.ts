import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { dataKey, event, fill, kek } from './rows.ts'

/** Every method of `Store`, on both engines: what a caller may rely on, whichever runs. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const conflict = expect.objectContaining({ code: 'conflict' })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    await fill(open)
  }, 60_000)

  describe('events', () => {
    it('are listed newest first, by type and subject, page by page', async () => {
      await store.events.insert(event('e1'))
      await store.events.insert(event('e2', { type: 'connection.state', subject: 'connection:c1' }))
      await store.events.insert(event('e3'))
      const ids = async (page: object, filter?: object) =>
        (await store.events.list({ limit: 2, ...page }, filter)).map(({ id }) => id)
      expect(await ids({})).toEqual(['e3', 'e2'])
      expect(await ids({ after: 'e2' })).toEqual(['e1'])
      expect(await ids({}, { type: 'key.expiring' })).toEqual(['e3', 'e1'])
      expect(await ids({}, { subject: 'connection:c1' })).toEqual(['e2'])
      expect(await store.events.list({ limit: 1 })).toEqual([event('e3')])
      await expect(store.events.insert(event('e1'))).rejects.toEqual(conflict)
    })

    it('are known to exist since a time', async () => {
      await store.events.insert(event('e1', { at: '2026-01-02T00:00:00.000Z' }))
      const exists = (at: string) => store.events.existsSince('key.expiring', 'key:k1', at)
      expect([await exists('2026-01-02T00:00:00.000Z'), await exists('2026-01-02T00:00:00.001Z')]).toEqual([
        true,
        false,
      ])
      expect(await store.events.existsSince('key.expiring', 'key:k2', '2026-01-01T00:00:00.000Z')).toBe(false)
      expect(await store.events.existsSince('other', 'key:k1', '2026-01-01T00:00:00.000Z')).toBe(false)
    })
  })

  describe('the ring', () => {
    it('lists its keys newest first', async () => {
      await store.vault.insertKeyEncryptionKey(kek('kek3', '2026-03-01T00:00:00.000Z'))
      await store.vault.insertKeyEncryptionKey(kek('kek2', '2026-02-01T00:00:00.000Z'))
      expect((await store.vault.keyEncryptionKeys()).map(({ id }) => id)).toEqual(['kek3', 'kek2', 'kek1'])
    })

    it('refuses to lose a key that still wraps a data key, or a data key that a connection needs', async () => {
      await expect(store.vault.deleteKeyEncryptionKey('kek1')).rejects.toEqual(conflict)
      await expect(store.vault.deleteDataKey('dk1')).rejects.toEqual(conflict)
      expect(await store.vault.keyEncryptionKeys()).toHaveLength(1)
      await store.connections.delete('c1')
      await store.vault.insertDataKey(dataKey('dk2', 'kek1'))
      await store.vault.deleteDataKey('dk2')
      await store.vault.deleteKeyEncryptionKey('kek1')
      expect(await store.vault.keyEncryptionKeys()).toEqual([])
    })

    it('refuses a data key under a key that it does not hold, and an id that is taken', async () => {
      await expect(store.vault.insertDataKey(dataKey('dk2', 'none'))).rejects.toEqual(conflict)
      await expect(store.vault.insertDataKey(dataKey('dk1', 'kek1'))).rejects.toEqual(conflict)
      await expect(store.vault.insertKeyEncryptionKey(kek('kek1'))).rejects.toEqual(conflict)
    })

    it('rewraps a data key only from the key that the writer has seen', async () => {
      await store.vault.insertKeyEncryptionKey(kek('kek2', '2026-02-01T00:00:00.000Z'))
      const [old, next] = [dataKey('dk1', 'kek1'), dataKey('dk1', 'kek2')]
      expect(await store.vault.dataKeysNotUnder('kek2', 10)).toEqual([old])
      expect(await store.vault.rewrapDataKey(old, next)).toBe(true)
      expect(await store.vault.rewrapDataKey(old, { ...next, wrapped: 'late' })).toBe(false)
      expect(await store.vault.dataKey('dk1')).toEqual(next)
      expect(await store.vault.dataKeysNotUnder('kek2', 10)).toEqual([])
    })

    it('hands out no more data keys than asked, and rewraps its own keys', async () => {
      for (const id of ['dk3', 'dk2']) await store.vault.insertDataKey(dataKey(id, 'kek1'))
      expect((await store.vault.dataKeysNotUnder('other', 2)).map(({ id }) => id)).toEqual(['dk1', 'dk2'])
      await store.vault.rewrapKeyEncryptionKey('kek1', 'by another master')
      expect(await store.vault.keyEncryptionKeys()).toEqual([{ ...kek('kek1'), wrapped: 'by another master' }])
    })
  })
})
