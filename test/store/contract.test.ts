import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { account, apiKey, connection, dataKey, fill, keySecret, sealed } from './rows.ts'

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

  const at = async (hash: string) => (await open.hot.findKey(hash))?.secret_expires_at

  describe('accounts', () => {
    it('come back as they were written', async () => {
      const person = account('a2', { kind: 'person', disabled_at: '2026-02-01T00:00:00.000Z' })
      await store.accounts.insert(person)
      expect(await store.accounts.get('a2')).toEqual(person)
      expect(await store.accounts.get('nobody')).toBeUndefined()
    })

    it('refuse an id that is taken, and keep the first', async () => {
      await expect(store.accounts.insert(account('a1', { name: 'other' }))).rejects.toEqual(conflict)
      expect((await store.accounts.get('a1'))?.name).toBe('Compte a1')
    })

    it('change by update', async () => {
      const changed = account('a1', { name: 'Nouveau nom', disabled_at: '2026-02-01T00:00:00.000Z' })
      await store.accounts.update(changed)
      expect(await store.accounts.get('a1')).toEqual(changed)
    })

    it('refuse to go while live keys belong to them, and take their revoked keys along', async () => {
      await expect(store.accounts.delete('a1')).rejects.toEqual(conflict)
      expect(await store.keys.get('k1')).toBeDefined()
      await store.keys.update(apiKey('k1', 'a1', { revoked_at: '2026-02-01T00:00:00.000Z' }))
      expect(await store.accounts.delete('a1')).toBe(true)
      expect(await store.keys.get('k1')).toBeUndefined()
      expect(await store.accounts.delete('a1')).toBe(false)
    })

    it('are listed page by page in the order of their bytes, on every engine', async () => {
      const ids = ['a-b', 'a.b', 'a_b', 'ab', 'a-c', 'b', '0']
      for (const id of ids) await store.accounts.insert(account(id))
      const seen: string[] = []
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const page = await store.accounts.list({ limit: 3, after })
        if (page.length === 0) break
        expect(page.length).toBeLessThanOrEqual(3)
        seen.push(...page.map(({ id }) => id))
      }
      expect(seen).toEqual([...ids, 'a1'].sort())
    })
  })

  describe('keys', () => {
    it('come back as they were written, with and without the optional parts', async () => {
      const bare = apiKey('k2', 'a1', {
        permissions: [],
        grants: [],
        cidrs: [],
        rate_limit: null,
        imported: true,
        usable_when_owner_inactive: false,
        expires_at: '2027-01-01T00:00:00.000Z',
        created_by: 'key:k1',
      })
      await store.keys.insert(bare, keySecret('hash-2', 'k2'))
      expect(await store.keys.get('k2')).toEqual(bare)
      expect(await store.keys.get('k1')).toEqual(apiKey('k1', 'a1'))
      expect(await store.keys.count()).toBe(2)
    })

    it('are refused without their account', async () => {
      await expect(store.keys.insert(apiKey('k2', 'nobody'), keySecret('hash-2', 'k2'))).rejects.toEqual(conflict)
      expect(await store.keys.get('k2')).toBeUndefined()
    })

    it('are refused whole when the secret is taken: no key without a secret stays', async () => {
      await expect(store.keys.insert(apiKey('k2', 'a1'), keySecret('hash-1', 'k2'))).rejects.toEqual(conflict)
      expect(await store.keys.get('k2')).toBeUndefined()
      expect((await open.hot.findKey('hash-1'))?.key.id).toBe('k1')
    })

    it('are listed page by page, also of one account', async () => {
      await store.accounts.insert(account('a2'))
      for (const [id, owner] of [
        ['k2', 'a2'],
        ['k3', 'a1'],
        ['k4', 'a2'],
      ] as const) {
        await store.keys.insert(apiKey(id, owner), keySecret(`hash-${id}`, id))
      }
      const ids = async (page: Parameters<typeof store.keys.list>[0], filter?: { account: string }) =>
        (await store.keys.list(page, filter)).map(({ id }) => id)
      expect(await ids({ limit: 2 })).toEqual(['k1', 'k2'])
      expect(await ids({ limit: 2, after: 'k2' })).toEqual(['k3', 'k4'])
      expect(await ids({ limit: 9 }, { account: 'a2' })).toEqual(['k2', 'k4'])
      expect(await ids({ limit: 9, after: 'k2' }, { account: 'a2' })).toEqual(['k4'])
    })

    it('change by update and take their secrets with them when they go', async () => {
      const revoked = apiKey('k1', 'a1', { revoked_at: '2026-03-01T00:00:00.000Z', grants: [] })
      await store.keys.update(revoked)
      expect(await store.keys.get('k1')).toEqual(revoked)
      expect(await store.keys.delete('k1')).toBe(true)
      expect(await store.keys.delete('k1')).toBe(false)
      expect(await open.hot.findKey('hash-1')).toBeUndefined()
    })

    it('keep the old secret until its end when they rotate, and no longer than a sooner end', async () => {
      await store.keys.replaceSecret(keySecret('hash-2', 'k1'), '2026-06-01T00:00:00.000Z')
      expect([await at('hash-1'), await at('hash-2')]).toEqual(['2026-06-01T00:00:00.000Z', null])
      await store.keys.replaceSecret(keySecret('hash-3', 'k1'), '2026-09-01T00:00:00.000Z')
      expect([await at('hash-1'), await at('hash-2')]).toEqual(['2026-06-01T00:00:00.000Z', '2026-09-01T00:00:00.000Z'])
      await store.keys.replaceSecret(keySecret('hash-4', 'k1'), '2026-05-01T00:00:00.000Z')
      for (const old of ['hash-1', 'hash-2', 'hash-3']) expect(await at(old)).toBe('2026-05-01T00:00:00.000Z')
      expect(await at('hash-4')).toBeNull()
    })

    it('keep the old secret as it was when the new one cannot be stored', async () => {
      await store.keys.insert(apiKey('k2', 'a1'), keySecret('hash-2', 'k2'))
      await expect(store.keys.replaceSecret(keySecret('hash-2', 'k1'), '2026-01-01T00:00:00.000Z')).rejects.toEqual(
        conflict,
      )
      expect(await at('hash-1')).toBeNull()
    })

    it('that expire are found between two times, the live ones only', async () => {
      const make = (id: string, expires_at: string | null, more = {}) =>
        store.keys.insert(apiKey(id, 'a1', { expires_at, ...more }), keySecret(`hash-${id}`, id))
      await make('late', '2026-05-02T00:00:00.000Z')
      await make('soon', '2026-05-01T00:00:00.000Z')
      await make('at-from', '2026-04-30T00:00:00.000Z')
      await make('after', '2026-05-03T00:00:00.001Z')
      await make('revoked', '2026-05-01T00:00:00.000Z', { revoked_at: '2026-04-01T00:00:00.000Z' })
      await make('disabled', '2026-05-01T00:00:00.000Z', { disabled_at: '2026-04-01T00:00:00.000Z' })
      const found = await store.keys.expiringBetween('2026-04-30T00:00:00.000Z', '2026-05-03T00:00:00.000Z')
      expect(found.map(({ id }) => id)).toEqual(['soon', 'late'])
      await make('same', found[1]?.expires_at ?? '')
      const behind = async (after: (typeof found)[number] | undefined) =>
        (await store.keys.expiringBetween('2026-04-30T00:00:00.000Z', '2026-05-03T00:00:00.000Z', after)).map(
          ({ id }) => id,
        )
      expect([await behind(found[0]), await behind(found[1])]).toEqual([['late', 'same'], ['same']])
    })
  })

  describe('connections', () => {
    const add = async (id: string, more = {}) => {
      await store.vault.insertDataKey(dataKey(`dk-${id}`, 'kek1'))
      await store.connections.insert(connection(id, more), sealed(1), `dk-${id}`)
    }

    it('come back with what opens their secrets', async () => {
      const stored = {
        ...{ connection: connection('c1'), sealed: sealed(1), dataKey: dataKey('dk1', 'kek1') },
        ...{ token: null, app: null },
      }
      expect(await store.connections.get('c1')).toEqual(stored)
      expect(await store.connections.get('c2')).toBeUndefined()
      await store.connections.updateSecrets('c1', sealed(2, { next: 'sealed next' }), 1)
      expect((await store.connections.get('c1'))?.connection.has_next).toBe(true)
    })

    it('refuse an id that is taken and a data key that does not exist', async () => {
      await expect(store.connections.insert(connection('c1'), sealed(1), 'dk1')).rejects.toEqual(conflict)
      await expect(store.connections.insert(connection('c2'), sealed(1), 'none')).rejects.toEqual(conflict)
      expect(await store.connections.count()).toBe(1)
    })

    it('are listed by connector, state and id, page by page', async () => {
      await add('c2', { connector: 'odoo' })
      await add('c3', { state: 'degraded', state_reason: 'refused' })
      const ids = async (filter: object, after?: string) =>
        (await store.connections.list({ limit: 2, after }, filter)).map(({ id }) => id)
      expect(await ids({})).toEqual(['c1', 'c2'])
      expect(await ids({}, 'c2')).toEqual(['c3'])
      expect(await ids({ connector: 'paheko' })).toEqual(['c1', 'c3'])
      expect(await ids({ state: 'degraded' })).toEqual(['c3'])
      expect(await ids({ id: 'c2' })).toEqual(['c2'])
      expect(await ids({ connector: 'odoo', state: 'degraded' })).toEqual([])
    })

    it('change all but their secrets by update', async () => {
      const changed = connection('c1', {
        settings: {},
        tags: {},
        network: {},
        options: {},
        name: 'Autre',
        scheme: 'api_key',
      })
      await store.connections.update(changed)
      expect(await store.connections.get('c1')).toMatchObject({ connection: changed, sealed: sealed(1) })
    })

    it('take new secrets only from the version that the writer has seen (D20)', async () => {
      const next = sealed(2, { next: 'sealed next' })
      expect(await store.connections.updateSecrets('c1', next, 1)).toBe(true)
      expect(await store.connections.updateSecrets('c1', sealed(3), 1)).toBe(false)
      expect((await store.connections.get('c1'))?.sealed).toEqual(next)
      expect(await store.connections.updateSecrets('nobody', sealed(2), 1)).toBe(false)
    })

    it('let one of many writers at once through', async () => {
      const other = await places.openAgain(open)
      const writers = Array.from({ length: 8 }, (_, i) => (i % 2 ? other : open).store)
      const won = await Promise.all(
        writers.map((each, i) => each.connections.updateSecrets('c1', sealed(2, { current: `writer ${i}` }), 1)),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
      expect((await store.connections.get('c1'))?.sealed.current).toBe(`writer ${won.indexOf(true)}`)
    })

    it('say whether their state changed', async () => {
      const since = '2026-02-01T00:00:00.000Z'
      expect(await store.connections.setState('c1', 'degraded', 'refused', since)).toBe(true)
      expect(await store.connections.setState('c1', 'degraded', 'again', '2026-03-01T00:00:00.000Z')).toBe(false)
      const { connection: now } = (await store.connections.get('c1')) ?? {}
      expect(now).toMatchObject({ state: 'degraded', state_reason: 'refused', state_since: since })
      expect(await store.connections.setState('nobody', 'ready', null, since)).toBe(false)
    })

    it('take their data key with them when they go', async () => {
      expect(await store.connections.delete('c1')).toBe(true)
      expect(await store.vault.dataKey('dk1')).toBeUndefined()
      expect(await store.connections.delete('c1')).toBe(false)
    })
  })
})
