import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { client, email, identity, method, organization } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'
import { group } from './program_rows.ts'
import { account, fill } from './rows.ts'

/** Addresses, identities, organizations, sign-in methods and applications, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const LATER = '2026-02-01T00:00:00.000Z'
const MUCH_LATER = '2026-03-01T00:00:00.000Z'
const conflict = (detail: string) =>
  expect.objectContaining({ code: 'conflict', detail: expect.stringMatching(detail) })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    await fill(open)
    await store.accounts.insert(account('a2', { email: 'Elise@Example.org' }))
  }, 60_000)

  describe('e-mail addresses', () => {
    it('come back as they were written, change their spelling and state, and go', async () => {
      const first = email('a1', 'zoe@example.org', { address: 'Zoé@example.org' })
      await store.emails.put(first)
      await store.emails.put(email('a1', 'b@example.org'))
      expect(await store.emails.of('a1')).toEqual([email('a1', 'b@example.org'), first])
      const verified = { ...first, address: 'ZOE@example.org', verified_at: LATER }
      await store.emails.put({ ...verified, created_at: LATER })
      expect(await store.emails.of('a1')).toEqual([email('a1', 'b@example.org'), verified])
      expect(await store.emails.delete('a2', 'zoe@example.org')).toBe(false)
      expect(await store.emails.delete('a1', 'zoe@example.org')).toBe(true)
      expect(await store.emails.of('a1')).toHaveLength(1)
    })

    it('are one account’s alone once verified, and say of nobody whose', async () => {
      await store.emails.put(email('a1', 'zoe@example.org'))
      await store.emails.put(email('a2', 'zoe@example.org', { verified_at: LATER }))
      const theft = store.emails.put(email('a1', 'zoe@example.org', { verified_at: MUCH_LATER }))
      await expect(theft).rejects.toEqual(conflict('^Another account has verified this e-mail address\\.$'))
      expect((await store.emails.of('a1'))[0]?.verified_at).toBeNull()
      expect((await store.emails.findVerified('zoe@example.org'))?.id).toBe('a2')
      await expect(store.emails.put(email('none', 'a@example.org'))).rejects.toEqual(conflict('no account none'))
    })

    it('let one of two that are verified at once through', async () => {
      const other = (await places.openAgain(open)).store
      const done = await Promise.allSettled([
        store.emails.put(email('a1', 'z@example.org', { verified_at: LATER })),
        other.emails.put(email('a2', 'z@example.org', { verified_at: LATER })),
      ])
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('find nobody who has not verified, and everybody who holds them, also by what an administrator wrote', async () => {
      const address = 'elise@example.org'
      expect(await store.emails.findVerified(address)).toBeUndefined()
      expect((await store.emails.holders(address)).map(({ id }) => id)).toEqual(['a2'])
      await store.emails.put(email('a2', address))
      expect((await store.emails.holders(address)).map(({ id }) => id)).toEqual(['a2'])
      await store.emails.put(email('a1', address))
      await store.accounts.insert(account('a3', { email: address }))
      expect((await store.emails.holders(address)).map(({ id }) => id)).toEqual(['a2', 'a3'])
      expect(await store.emails.findVerified(address)).toBeUndefined()
      await store.accounts.update(account('a2', { email: 'no address' }))
      await store.emails.delete('a2', address)
      expect((await store.emails.holders(address)).map(({ id }) => id)).toEqual(['a3', 'a1'])
      expect(await store.emails.holders('nobody@example.org')).toEqual([])
    })
  })

  describe('identities', () => {
    it('are found by issuer and subject, note their last use, and go', async () => {
      const first = identity('i1', 'a1')
      const second = identity('i2', 'a1', { subject: 'Subject of i1' })
      for (const each of [first, second]) await store.identities.insert(each)
      expect(await store.identities.find(first.issuer, first.subject)).toEqual(first)
      expect(await store.identities.find('https://id.example.org', first.subject)).toBeUndefined()
      expect(await store.identities.of('a1')).toEqual([first, second])
      await store.identities.used('i1', 'Zoé', LATER)
      expect(await store.identities.get('i1')).toEqual({ ...first, label: 'Zoé', last_used_at: LATER })
      expect([await store.identities.delete('i1'), await store.identities.delete('i1')]).toEqual([true, false])
    })

    it('refuse to be two accounts’, or nobody’s', async () => {
      await store.identities.insert(identity('i1', 'a1'))
      const same = identity('i2', 'a2', { subject: 'subject of i1' })
      await expect(store.identities.insert(same)).rejects.toEqual(conflict('linked to an account already'))
      await expect(store.identities.insert(identity('i3', 'none'))).rejects.toEqual(conflict('no account none'))
    })
  })

  describe('organizations', () => {
    it('come back as they were written, page by page and by SIRET', async () => {
      for (const id of ['g1', 'g2']) await store.groups.insert(group(id))
      const o1 = organization('o1', { siret: '13002526500013', groups: ['g1', 'g2'] })
      const o2 = organization('o2')
      for (const each of [o2, o1]) await store.organizations.insert(each)
      expect(await store.organizations.get('o1')).toEqual(o1)
      expect(await store.organizations.list({ limit: 1 })).toEqual([o1])
      expect(await store.organizations.list({ limit: 9, after: 'o1' })).toEqual([o2])
      expect(await store.organizations.findBySirets(['00000000000000', '13002526500013', '13002526500013'])).toEqual([
        o1,
      ])
      expect(await store.organizations.findBySirets([])).toEqual([])
      const changed = { ...o1, label: 'Autre', groups: [], updated_at: LATER }
      await store.organizations.update(changed)
      expect(await store.organizations.get('o1')).toEqual(changed)
      await expect(store.groups.delete('g1')).resolves.toBe(true)
    })

    it('refuse an id and a SIRET that are taken, and groups that do not exist, and keep nothing of it', async () => {
      const siret = '13002526500013'
      await store.organizations.insert(organization('o1', { siret }))
      await store.organizations.insert(organization('o2'))
      await expect(store.organizations.insert(organization('o1'))).rejects.toEqual(
        conflict('an organization o1 already'),
      )
      const twice = conflict('The SIRET 13002526500013 is that of organization o1')
      await expect(store.organizations.insert(organization('o3', { siret }))).rejects.toEqual(twice)
      await expect(store.organizations.update(organization('o2', { siret }))).rejects.toEqual(twice)
      const grouped = organization('o4', { groups: ['none'] })
      await expect(store.organizations.insert(grouped)).rejects.toEqual(conflict('no group none'))
      expect(await store.organizations.get('o4')).toBeUndefined()
    })

    it('have the members that each source says, all of an account on one page', async () => {
      for (const id of ['o1', 'o2']) await store.organizations.insert(organization(id))
      await store.organizations.setMemberships('a1', 'manual', ['o1'], LATER)
      await store.organizations.setMemberships('a1', 'company', ['o2', 'o1', 'o2'], LATER)
      await store.organizations.setMemberships('a2', 'company', ['o1'], LATER)
      const of = (account: string, organization: string, source: string, since = LATER) => ({
        ...{ account, organization, source, since },
      })
      expect(await store.organizations.membershipsOf('a1')).toEqual([
        of('a1', 'o1', 'company'),
        of('a1', 'o1', 'manual'),
        of('a1', 'o2', 'company'),
      ])
      const first = await store.organizations.members('o1', { limit: 1 })
      expect(first).toEqual([of('a1', 'o1', 'company'), of('a1', 'o1', 'manual')])
      expect(await store.organizations.members('o1', { limit: 1, after: 'a1' })).toEqual([of('a2', 'o1', 'company')])
      await store.organizations.setMemberships('a1', 'company', ['o2'], MUCH_LATER)
      expect(await store.organizations.membershipsOf('a1')).toEqual([
        of('a1', 'o1', 'manual'),
        of('a1', 'o2', 'company'),
      ])
      await expect(store.organizations.setMemberships('a1', 'company', ['none'], LATER)).rejects.toEqual(
        conflict('no organization none'),
      )
      await expect(store.organizations.setMemberships('none', 'company', [], LATER)).rejects.toEqual(
        conflict('no account none'),
      )
      expect(await store.organizations.membershipsOf('a1')).toHaveLength(2)
      expect([await store.organizations.delete('o1', LATER), await store.organizations.delete('o1', LATER)]).toEqual([
        true,
        false,
      ])
      expect(await store.organizations.membershipsOf('a1')).toEqual([of('a1', 'o2', 'company')])
    })
  })

  describe('sign-in methods', () => {
    it('are passwords and passkeys at first, open to nobody who is unknown', async () => {
      const found = await store.signInMethods.all()
      const of = (id: 'password' | 'passkey', name: string, position: number) => ({
        sealed: null,
        method: method(id, {
          ...{ kind: id, name, position, settings: {}, secret_names: [], network: {}, organizations: 'ignore' },
          ...{ first_sign_in: 'refuse', second_factor: 'enrolled' },
          ...{ created_at: expect.any(String), updated_at: expect.any(String) },
        }),
      })
      expect(found).toEqual([of('password', 'Password', 0), of('passkey', 'Passkey', 10)])
    })

    it('come back as they were written, in order of position, to lists and to the hot path alike', async () => {
      for (const id of ['b', 'a']) await store.groups.insert(group(id))
      const company = { method: method('company', { groups: ['a', 'b'] }), sealed: 'sealed' }
      const directory = { method: method('abbey', { kind: 'ldap', enabled: false, secret_names: [] }), sealed: null }
      for (const each of [company, directory]) await store.signInMethods.insert(each)
      const all = await store.signInMethods.all()
      expect(all.map((each) => each.method.id)).toEqual(['password', 'abbey', 'company', 'passkey'])
      expect(all.slice(1, 3)).toEqual([directory, company])
      expect(await open.hot.signInMethods()).toEqual(all)
      const changed = { method: method('company', { name: 'Autre', groups: ['b'], enabled: false }), sealed: 'anew' }
      await store.signInMethods.update(changed)
      expect(await store.signInMethods.get('company')).toEqual(changed)
      expect(await store.groups.delete('a')).toBe(true)
      await expect(store.groups.delete('b')).rejects.toEqual(conflict('the sign-in method company'))
      expect([await store.signInMethods.delete('company'), await store.signInMethods.delete('company')]).toEqual([
        true,
        false,
      ])
      expect(await store.groups.delete('b')).toBe(true)
    })

    it('refuse an id that is taken and a group that does not exist; identities outlive them', async () => {
      await store.signInMethods.insert({ method: method('company'), sealed: null })
      await store.identities.insert(identity('i1', 'a1'))
      await expect(store.signInMethods.insert({ method: method('company'), sealed: 'x' })).rejects.toEqual(
        conflict('a sign-in method company already'),
      )
      const grouped = { method: method('other', { groups: ['none'] }), sealed: null }
      await expect(store.signInMethods.insert(grouped)).rejects.toEqual(conflict('no group none'))
      expect(await store.signInMethods.get('other')).toBeUndefined()
      await store.signInMethods.delete('company')
      expect(await store.identities.get('i1')).toEqual(identity('i1', 'a1'))
    })
  })

  describe('applications', () => {
    it('come back as they were written, page by page, change and go', async () => {
      const shop = client('shop', { mfa: false, token_in_query: true, disabled_at: LATER })
      await store.clients.insert(shop, 'hash-1')
      await store.clients.insert(client('books'), 'hash-2')
      expect(await store.clients.get('shop')).toEqual(shop)
      expect((await store.clients.list({ limit: 1 })).map(({ id }) => id)).toEqual(['books'])
      expect(await store.clients.list({ limit: 9, after: 'books' })).toEqual([shop])
      await store.clients.update(client('shop', { name: 'Boutique' }))
      expect(await store.clients.get('shop')).toEqual(client('shop', { name: 'Boutique' }))
      await expect(store.clients.insert(client('shop'), 'hash-3')).rejects.toEqual(
        conflict('an application shop already'),
      )
      expect([await store.clients.delete('shop', LATER), await store.clients.delete('shop', LATER)]).toEqual([
        true,
        false,
      ])
    })

    it('keep the groups that they allow, and those that have a role', async () => {
      for (const id of ['readers', 'editors']) await store.groups.insert(group(id))
      const shop = client('shop', {
        allow: { accounts: [], groups: ['readers'], organizations: [], authenticated: false },
        roles: [
          { group: 'readers', role: 'reader' },
          { group: 'editors', role: 'editor' },
        ],
      })
      await store.clients.insert(shop, 'hash-1')
      expect(await store.clients.get('shop')).toEqual(shop)
      await expect(store.groups.delete('readers')).rejects.toEqual(conflict('used by the application shop'))
      await expect(store.groups.delete('editors')).rejects.toEqual(conflict('used by the application shop'))
      await store.clients.update(client('shop', { roles: [{ group: 'editors', role: 'x' }] }))
      expect(await store.groups.delete('readers')).toBe(true)
      await expect(store.clients.update(client('shop', { roles: [{ group: 'none', role: 'x' }] }))).rejects.toEqual(
        conflict('no group none'),
      )
    })

    it('are found by a secret of their own that lives', async () => {
      await store.clients.insert(client('shop'), 'hash-1')
      await store.clients.insert(client('books'), 'hash-2')
      const found = async (hash: string, now: string) => (await store.clients.findBySecret('shop', hash, now))?.id
      expect([await found('hash-1', LATER), await found('hash-2', LATER)]).toEqual(['shop', undefined])
      await store.clients.replaceSecret('shop', 'hash-3', LATER)
      expect([await found('hash-1', '2026-01-31T00:00:00.000Z'), await found('hash-1', LATER)]).toEqual([
        'shop',
        undefined,
      ])
      expect(await found('hash-3', MUCH_LATER)).toBe('shop')
      await store.clients.replaceSecret('shop', 'hash-4', MUCH_LATER)
      // The first one does not come back to life.
      expect(await found('hash-1', LATER)).toBeUndefined()
      await expect(store.clients.replaceSecret('none', 'hash-5', LATER)).rejects.toEqual(
        conflict('no application none'),
      )
    })
  })
})
