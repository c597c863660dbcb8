import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { Account } from '../../src/core/types.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { group } from './program_rows.ts'
import { account, apiKey, fill, keySecret } from './rows.ts'

/** What belongs to accounts and keys that call in: groups, passwords, certificates, names in the environment. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const conflict = (detail: string) =>
  expect.objectContaining({ code: 'conflict', detail: expect.stringMatching(detail) })
const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'
const GRANT = { connection: 'paheko', allow: ['GET /api/**'] }
const OTHER_GRANT = { connector: 'odoo', tags: { customer: '42' }, allow: ['* /**'] }

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    await fill(open)
    await store.groups.insert(group('b', { grants: [OTHER_GRANT] }))
    await store.groups.insert(group('a.1'))
  }, 60_000)

  const full = (more: Partial<Account> = {}) =>
    account('full', {
      ...{ email: 'été@example.org', groups: ['a.1', 'b'], grants: [GRANT] },
      certificate_subjects: ['CN=a\\, b,O=Exämple', 'CN=z'],
      ...more,
    })

  describe('accounts', () => {
    it('come back with groups and certificates in order, whatever the order that they were given in', async () => {
      await store.accounts.insert(
        full({ groups: ['b', 'a.1', 'b'], certificate_subjects: ['CN=z', 'CN=a\\, b,O=Exämple'] }),
      )
      expect(await store.accounts.get('full')).toEqual(full())
      expect(await store.accounts.list({ limit: 9 })).toEqual([account('a1'), full()])
      expect(await store.accounts.list({ limit: 1 })).toEqual([account('a1')])
      expect(await store.accounts.list({ limit: 1, after: 'a1' })).toEqual([full()])
    })

    it('change by update, all but the password', async () => {
      await store.accounts.insert(full())
      await store.accounts.setPassword('full', HASH)
      const changed = full({ email: null, groups: ['b'], grants: [], certificate_subjects: ['CN=z', 'CN=new'].sort() })
      await store.accounts.update(changed)
      expect(await store.accounts.get('full')).toEqual({ ...changed, has_password: true })
      await store.accounts.update(account('nobody', { groups: ['b'] }))
      expect(await store.accounts.get('nobody')).toBeUndefined()
    })

    it('have a password, another one, or none; only the look-up of the hot path gives its hash', async () => {
      expect((await open.hot.findAccount('a1'))?.password_hash).toBeNull()
      await store.accounts.setPassword('a1', 'first')
      await store.accounts.setPassword('a1', HASH)
      expect(await open.hot.findAccount('a1')).toEqual({
        account: account('a1', { has_password: true }),
        password_hash: HASH,
        grants: [],
      })
      const seen = [await store.accounts.get('a1'), ...(await store.accounts.list({ limit: 9 }))]
      expect(JSON.stringify([seen, await open.hot.findKey('hash-1')])).not.toContain('argon2id')
      await store.accounts.setPassword('a1', null)
      expect((await open.hot.findAccount('a1'))?.account.has_password).toBe(false)
      await expect(store.accounts.setPassword('nobody', HASH)).rejects.toEqual(conflict('no account nobody'))
    })

    it('refuse an id that is taken, a group that does not exist, and a certificate of another, and keep nothing of it', async () => {
      await store.accounts.insert(full())
      await expect(store.accounts.insert(full())).rejects.toEqual(conflict('an account full already'))
      const theirs = account('a2', { certificate_subjects: ['CN=z'] })
      await expect(store.accounts.insert(theirs)).rejects.toEqual(conflict('subject CN=z is that of account full\\.'))
      await expect(store.accounts.update({ ...theirs, id: 'a1' })).rejects.toEqual(conflict('is that of account full'))
      await expect(store.accounts.insert(account('a2', { groups: ['b', 'c'] }))).rejects.toEqual(
        conflict('no group c\\.'),
      )
      expect(await store.accounts.list({ limit: 9 })).toEqual([account('a1'), full()])
    })

    it('take memberships, password and certificates with them when they go', async () => {
      await store.accounts.insert(full())
      await store.accounts.setPassword('full', HASH)
      expect(await store.accounts.delete('full')).toBe(true)
      expect(await open.hot.findCertificate('CN=z')).toBeUndefined()
      await store.accounts.insert(account('full'))
      expect(await open.hot.findAccount('full')).toEqual({ account: account('full'), password_hash: null, grants: [] })
      expect(await store.groups.delete('a.1')).toBe(true)
    })

    it('are found by id and by each certificate, with their own grants and those of their groups', async () => {
      await store.accounts.insert(full())
      const found = { account: full(), password_hash: null, grants: [GRANT, OTHER_GRANT] }
      expect(await open.hot.findAccount('full')).toEqual(found)
      for (const subject of full().certificate_subjects) expect(await open.hot.findCertificate(subject)).toEqual(found)
      expect(await open.hot.findAccount('nobody')).toBeUndefined()
      expect(await open.hot.findCertificate('CN=Z')).toBeUndefined()
    })
  })

  describe('keys', () => {
    it('have the groups of their account, a list of their own, or none at all', async () => {
      await store.accounts.insert(full())
      const [own, none] = [apiKey('k2', 'full', { groups: ['a.1', 'b'] }), apiKey('k3', 'full', { groups: [] })]
      await store.keys.insert({ ...own, groups: ['b', 'a.1', 'b'] }, keySecret('hash-2', 'k2'))
      await store.keys.insert(none, keySecret('hash-3', 'k3'))
      expect(await store.keys.list({ limit: 9 })).toEqual([apiKey('k1', 'a1'), own, none])
      expect([await store.keys.get('k2'), await store.keys.get('k3')]).toEqual([own, none])
      expect(await open.hot.findKey('hash-2')).toEqual({ key: own, account: full(), secret_expires_at: null })
      expect((await open.hot.findKey('hash-3'))?.key.groups).toEqual([])
      for (const groups of [null, ['b'], []]) {
        await store.keys.update({ ...own, groups })
        expect((await store.keys.get('k2'))?.groups).toEqual(groups)
      }
      await store.keys.update(own)
      await store.keys.delete('k2')
      expect(await store.groups.delete('a.1').catch((error) => error)).toEqual(conflict('the account full'))
    })

    it('are listed by their group, be it of their own or of their account', async () => {
      await store.accounts.insert(full({ groups: ['b'], certificate_subjects: [] }))
      const rows = { k2: null, k3: ['a.1', 'b'], k4: ['a.1'], k5: [] }
      for (const [id, groups] of Object.entries(rows)) {
        await store.keys.insert(apiKey(id, 'full', { groups }), keySecret(`hash-${id}`, id))
      }
      const idsOf = async (group: string, more = {}) =>
        (await store.keys.list({ limit: 9, ...more }, { group })).map(({ id }) => id)
      expect(await idsOf('b')).toEqual(['k2', 'k3'])
      expect(await idsOf('a.1')).toEqual(['k3', 'k4'])
      expect(await idsOf('a.1', { after: 'k3' })).toEqual(['k4'])
      expect(await idsOf('nobodys')).toEqual([])
    })

    it('refuse a group that does not exist, and keep nothing of it', async () => {
      const lost = apiKey('k2', 'a1', { groups: ['b', 'c'] })
      await expect(store.keys.insert(lost, keySecret('hash-2', 'k2'))).rejects.toEqual(conflict('no group c\\.'))
      await expect(store.keys.update({ ...lost, id: 'k1' })).rejects.toEqual(conflict('no group c\\.'))
      expect(await store.keys.list({ limit: 9 })).toEqual([apiKey('k1', 'a1')])
    })

    it('are found by the name that the environment provides their secret under, which no two have', async () => {
      const named = apiKey('k2', 'a1', { tech_name: 'shop' })
      await store.keys.insert(named, keySecret('hash-2', 'k2', { expires_at: '2026-02-01T00:00:00.000Z' }))
      expect(await open.hot.findTechName('shop')).toEqual({
        key: named,
        account: account('a1'),
        secret_expires_at: null,
      })
      expect(await open.hot.findTechName('Shop')).toBeUndefined()
      const second = apiKey('k3', 'a1', { tech_name: 'shop' })
      await expect(store.keys.insert(second, keySecret('hash-3', 'k3'))).rejects.toEqual(
        conflict('tech_name shop is that of key k2\\.'),
      )
      await expect(store.keys.update({ ...second, id: 'k1' })).rejects.toEqual(conflict('that of key k2'))
      await store.keys.update(named)
      await store.keys.update({ ...named, tech_name: null })
      expect(await open.hot.findTechName('shop')).toBeUndefined()
    })

    it('let one of two that take a name at once through', async () => {
      const other = (await places.openAgain(open)).store
      const made = await Promise.allSettled(
        Array.from({ length: 6 }, (_, i) =>
          (i % 2 ? other : store).keys.insert(
            apiKey(`n${i}`, 'a1', { tech_name: 'shop' }),
            keySecret(`h${i}`, `n${i}`),
          ),
        ),
      )
      const won = made.findIndex(({ status }) => status === 'fulfilled')
      const refused = made.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
      expect(refused).toEqual(Array.from({ length: 5 }, () => conflict('')))
      expect((await open.hot.findTechName('shop'))?.key.id).toBe(`n${won}`)
    })
  })
})
