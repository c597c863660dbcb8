import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { group, issuer, route, signingKey } from './program_rows.ts'
import { account, apiKey, fill, keySecret } from './rows.ts'

/** Groups, routes, issuers and signing keys, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const LATER = '2026-02-01T00:00:00.000Z'
const conflict = (detail: string) =>
  expect.objectContaining({ code: 'conflict', detail: expect.stringMatching(detail) })
const allowing = (...groups: string[]) => ({ allow: { keys: [], accounts: [], groups, authenticated: false } })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    await fill(open)
  }, 60_000)

  describe('groups', () => {
    it('come back as they were written, change by update, and are listed page by page', async () => {
      const shop = group('shop', { grants: [{ connection: 'paheko', allow: ['GET /api/**'] }] })
      await store.groups.insert(shop)
      for (const id of ['a-b', 'a.b']) await store.groups.insert(group(id))
      expect(await store.groups.get('shop')).toEqual(shop)
      expect(await store.groups.get('none')).toBeUndefined()
      expect((await store.groups.list({ limit: 2 })).map(({ id }) => id)).toEqual(['a-b', 'a.b'])
      expect(await store.groups.list({ limit: 2, after: 'a.b' })).toEqual([shop])
      const changed = group('shop', { name: 'Boutique', description: '', updated_at: LATER })
      await store.groups.update(changed)
      expect(await store.groups.get('shop')).toEqual(changed)
    })

    it('refuse a code that is taken, and keep the first', async () => {
      await store.groups.insert(group('shop'))
      await expect(store.groups.insert(group('shop', { name: 'other' }))).rejects.toEqual(
        conflict('^There is a group shop already'),
      )
      expect((await store.groups.get('shop'))?.name).toBe('Groupe shop')
    })

    it('say which of many codes exist', async () => {
      for (const id of ['g1', 'g2']) await store.groups.insert(group(id))
      const many = Array.from({ length: 2_500 }, (_, i) => `g${i}`)
      expect(await store.groups.existing(many)).toEqual(new Set(['g1', 'g2']))
      expect(await store.groups.existing([])).toEqual(new Set())
    })

    it('refuse to go while keys, accounts or routes use them, and say which', async () => {
      await store.groups.insert(group('shop'))
      await store.keys.insert(apiKey('k2', 'a1', { groups: ['shop'] }), keySecret('hash-2', 'k2'))
      for (const id of ['m1', 'm2', 'm3', 'm4']) await store.accounts.insert(account(id, { groups: ['shop'] }))
      await store.routes.insert(route('r1', allowing('shop')))
      await expect(store.groups.delete('shop')).rejects.toEqual(
        conflict('used by the key k2, the accounts m1, m2, m3 and others, the route r1\\.'),
      )
      await store.keys.update(apiKey('k2', 'a1'))
      for (const id of ['m1', 'm2', 'm3']) await store.accounts.update(account(id))
      await store.accounts.delete('m4')
      await expect(store.groups.delete('shop')).rejects.toEqual(conflict('used by the route r1\\.'))
      await store.routes.update(route('r1', allowing()))
      expect([await store.groups.delete('shop'), await store.groups.delete('shop')]).toEqual([true, false])
    })

    it('keep the members that joined while they were being deleted', async () => {
      await store.groups.insert(group('shop'))
      const other = (await places.openAgain(open)).store
      const [deleted, joined] = await Promise.allSettled([
        store.groups.delete('shop'),
        other.accounts.insert(account('a2', { groups: ['shop'] })),
      ])
      expect([deleted, joined].filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const groups = (await store.accounts.get('a2'))?.groups
      expect(groups).toEqual((await store.groups.get('shop')) === undefined ? undefined : ['shop'])
    })
  })

  describe('routes', () => {
    const plain = route('r2', {
      ...{ host: '*', methods: ['*'], accept: { mode: 'all', kinds: ['api_key', 'mtls'] }, cors_origins: [] },
      allow: { keys: [], accounts: [], groups: [], authenticated: true },
    })

    it('come back as they were written, to lists and to the hot path alike', async () => {
      for (const id of ['b', 'a']) await store.groups.insert(group(id))
      const r1 = route('r1', allowing('b', 'a'))
      for (const each of [plain, r1]) await store.routes.insert(each)
      expect(await store.routes.get('r1')).toEqual(r1)
      expect(await store.routes.get('r9')).toBeUndefined()
      expect(await store.routes.all()).toEqual([r1, plain])
      expect(await open.hot.routes()).toEqual([r1, plain])
      expect(await store.routes.list({ limit: 1, after: 'r1' })).toEqual([plain])
    })

    it('change by update and go by delete', async () => {
      await store.routes.insert(route('r2'))
      await store.routes.update(plain)
      expect(await store.routes.get('r2')).toEqual(plain)
      expect([await store.routes.delete('r2'), await store.routes.delete('r2')]).toEqual([true, false])
      await store.routes.update(plain)
      expect(await store.routes.all()).toEqual([])
    })

    it('refuse an id that is taken, and a group that does not exist, and keep nothing of it', async () => {
      await store.routes.insert(route('r1'))
      await expect(store.routes.insert(route('r1', { name: 'other' }))).rejects.toEqual(conflict('a route r1 already'))
      await expect(store.routes.insert(route('r2', allowing('none')))).rejects.toEqual(conflict('no group none\\.'))
      await expect(store.routes.update(route('r1', allowing('none')))).rejects.toEqual(conflict('no group none\\.'))
      expect(await store.routes.all()).toEqual([route('r1')])
    })
  })

  describe('issuers', () => {
    const own = issuer('i2', {
      ...{ jwks_uri: null, jwks: { keys: [{ kty: 'OKP', x: 'abc' }] }, typ: 'at+jwt', account: null, accounts: ['a1'] },
      ...{ conditions: {}, network: {}, clock_skew_s: 0, disabled_at: LATER },
    })

    it('come back as they were written, to lists and to the hot path alike', async () => {
      for (const each of [own, issuer('i1')]) await store.issuers.insert(each)
      expect(await store.issuers.get('i2')).toEqual(own)
      expect(await store.issuers.get('i9')).toBeUndefined()
      expect(await open.hot.issuers()).toEqual([issuer('i1'), own])
      expect(await store.issuers.list({ limit: 9 })).toEqual([issuer('i1'), own])
      expect(await store.issuers.list({ limit: 1, after: 'i1' })).toEqual([own])
    })

    it('change by update, go by delete, and refuse an id that is taken', async () => {
      await store.issuers.insert(issuer('i2'))
      await expect(store.issuers.insert(own)).rejects.toEqual(conflict('an issuer i2 already'))
      await store.issuers.update(own)
      expect(await store.issuers.get('i2')).toEqual(own)
      expect([await store.issuers.delete('i2'), await store.issuers.delete('i2')]).toEqual([true, false])
    })
  })

  describe('signing keys', () => {
    it('have at most one that is current and one that is next, and any number of retired', async () => {
      const keys = [signingKey('s1', 'retired'), signingKey('s2', 'retired'), signingKey('s3', 'current')]
      for (const key of [...keys, signingKey('s4', 'next')]) await store.signingKeys.insert(key)
      for (const state of ['current', 'next'] as const)
        await expect(store.signingKeys.insert(signingKey('s5', state))).rejects.toEqual(
          conflict(`is ${state}, already`),
        )
      await expect(store.signingKeys.setState('s4', 'current', LATER)).rejects.toEqual(conflict('is current, already'))
      await expect(store.signingKeys.insert(signingKey('s1', 'retired'))).rejects.toEqual(conflict('of this id'))
      await store.transaction(async (trx) => {
        await trx.signingKeys.setState('s3', 'retired', LATER)
        await trx.signingKeys.setState('s4', 'current', LATER)
      })
      await store.signingKeys.delete('s1')
      expect(await store.signingKeys.list()).toEqual([
        signingKey('s2', 'retired'),
        signingKey('s3', 'retired', { since: LATER }),
        signingKey('s4', 'current', { since: LATER }),
      ])
    })

    it('let one of many that make the first one through', async () => {
      const other = (await places.openAgain(open)).store
      const made = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? other : store).signingKeys.insert(signingKey(`s${i}`, 'current'))),
      )
      const won = made.findIndex(({ status }) => status === 'fulfilled')
      expect((await store.signingKeys.list()).map(({ id }) => id)).toEqual([`s${won}`])
      expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })
  })
})
