import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { Account } from '../../src/core/types.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { client, email, identity, organization, passkey, session, totp } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'
import { group } from './program_rows.ts'
import { account, apiKey, fill, keySecret } from './rows.ts'

/** Sessions, what hangs on them, and what ends them, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T01:00:00.000Z'
const GRANT = (connection: string) => ({ connection, allow: ['GET /**'] })
const conflict = (detail: string) =>
  expect.objectContaining({ code: 'conflict', detail: expect.stringMatching(detail) })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    await fill(open)
    await store.accounts.insert(account('a2'))
    await store.organizations.insert(organization('o1'))
    await store.clients.insert(client('shop'), 'client-hash-1')
    await store.clients.insert(client('books'), 'client-hash-2')
  }, 60_000)

  /** A key as an application gets it for a session. */
  async function give(id: string, ofSession: string, owner = 'a1', to = 'shop', within: Store = store): Promise<void> {
    await within.keys.insert(apiKey(id, owner), keySecret(`hash of ${id}`, id))
    await within.sessions.giveKey(ofSession, to, id, NOW)
  }
  const revoked = async (...ids: string[]) =>
    Promise.all(ids.map(async (id) => (await store.keys.get(id))?.revoked_at ?? null))

  it('come back as they were written, by id and page by page, of an account or a host', async () => {
    const own = session('s1', 'a1', { organization: 'o1', acr: 'eidas2', sealed: 'sealed' })
    const host = session('s2', 'a1', { host: 'shop.example.org', parent: 's1' })
    await store.sessions.insert(own, 'token-1')
    await store.sessions.insert(host, 'token-2')
    await store.sessions.insert(session('s3', 'a2'), 'token-3')
    expect(await store.sessions.get('s1')).toEqual(own)
    expect(await store.sessions.get('none')).toBeUndefined()
    const ids = async (...given: Parameters<Store['sessions']['list']>) =>
      (await store.sessions.list(...given)).map(({ id }) => id)
    expect(await ids({ limit: 2 })).toEqual(['s1', 's2'])
    expect(await ids({ limit: 2, after: 's2' })).toEqual(['s3'])
    expect(await ids({ limit: 9 }, { account: 'a1' })).toEqual(['s1', 's2'])
    expect(await ids({ limit: 9 }, { host: null })).toEqual(['s1', 's3'])
    expect(await ids({ limit: 9 }, { account: 'a1', host: 'shop.example.org' })).toEqual(['s2'])
  })

  it('are found by the hash of their token, with account, grants and organization', async () => {
    await store.groups.insert(group('g1', { grants: [GRANT('c1')] }))
    await store.groups.insert(group('g2', { grants: [GRANT('c2')] }))
    const owner = account('a3', { kind: 'person', groups: ['g1'], grants: [GRANT('c0')], has_password: true })
    await store.accounts.insert(owner)
    await store.accounts.setPassword('a3', 'phc')
    const town = organization('o2', { siret: '13002526500013', groups: ['g1', 'g2'] })
    await store.organizations.insert(town)
    const acting = session('s1', 'a3', { organization: 'o2' })
    await store.sessions.insert(acting, 'token-1')
    await store.sessions.insert(session('s2', 'a3'), 'token-2')
    expect(await open.hot.findSession('token-1')).toEqual({
      ...{ session: acting, account: owner, organization: town },
      grants: [GRANT('c0'), GRANT('c1'), GRANT('c2')],
    })
    expect(await open.hot.findSession('token-2')).toEqual({
      ...{ session: session('s2', 'a3'), account: owner, organization: null },
      grants: [GRANT('c0'), GRANT('c1')],
    })
    expect(await open.hot.findSession('token-3')).toBeUndefined()
  })

  it('get another token, and the one before finds nothing', async () => {
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    expect(await store.sessions.replaceToken('s1', 'token-2')).toBe(true)
    expect(await open.hot.findSession('token-1')).toBeUndefined()
    expect((await open.hot.findSession('token-2'))?.session.id).toBe('s1')
    expect(await store.sessions.replaceToken('none', 'token-3')).toBe(false)
  })

  it('refuse accounts, parents and organizations that are not there', async () => {
    const insert = (more: Parameters<typeof session>[2], owner = 'a1') =>
      store.sessions.insert(session('s1', owner, more), 'token-1')
    await expect(insert({}, 'none')).rejects.toEqual(conflict('no account none'))
    await expect(insert({ organization: 'none' })).rejects.toEqual(conflict('no organization none'))
    await expect(insert({ parent: 'none', host: 'h' })).rejects.toEqual(conflict('belongs to has ended'))
    expect(await store.sessions.get('s1')).toBeUndefined()
  })

  it('end with the sessions of hosts below them, and their keys are revoked, once', async () => {
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await store.sessions.insert(session('s2', 'a1', { host: 'h', parent: 's1' }), 'token-2')
    await store.sessions.insert(session('s3', 'a1'), 'token-3')
    await give('of-s1', 's1')
    await give('of-s2', 's2')
    await give('of-s3', 's3')
    expect([await store.sessions.end('s1', NOW), await store.sessions.end('s1', NOW)]).toEqual([true, false])
    expect(await open.hot.findSession('token-2')).toBeUndefined()
    expect(await revoked('of-s1', 'of-s2', 'of-s3', 'k1')).toEqual([NOW, NOW, null, null])
    expect((await store.sessions.list({ limit: 9 })).map(({ id }) => id)).toEqual(['s3'])
  })

  it('end all of an account but one, with how many there were', async () => {
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await store.sessions.insert(session('s2', 'a1', { host: 'h', parent: 's1' }), 'token-2')
    await store.sessions.insert(session('s3', 'a1'), 'token-3')
    await store.sessions.insert(session('s4', 'a1', { host: 'h', parent: 's3' }), 'token-4')
    await store.sessions.insert(session('s5', 'a2'), 'token-5')
    for (const id of ['s1', 's3', 's4']) await give(`of-${id}`, id)
    expect(await store.sessions.endAll('a1', NOW, 's1')).toBe(2)
    expect((await store.sessions.list({ limit: 9 })).map(({ id }) => id)).toEqual(['s1', 's2', 's5'])
    expect(await revoked('of-s1', 'of-s3', 'of-s4')).toEqual([null, NOW, NOW])
    expect(await store.sessions.endAll('a1', NOW)).toBe(2)
    expect(await store.sessions.endEvery(NOW)).toBe(1)
    expect(await revoked('of-s1', 'k1')).toEqual([NOW, null])
  })

  it('give an application one key at a time, and say so when they have ended', async () => {
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await give('first', 's1')
    await give('other', 's1', 'a1', 'books')
    await give('second', 's1')
    expect(await revoked('first', 'second', 'other')).toEqual([NOW, null, null])
    const late = store.transaction((trx) => give('late', 'none', 'a1', 'shop', trx))
    await expect(late).rejects.toEqual(conflict('session has ended'))
    expect(await store.keys.get('late')).toBeUndefined()
  })

  it('end what says a group that its person, or the organization he acts for, no longer has', async () => {
    for (const id of ['staff', 'boss']) await store.groups.insert(group(id))
    await store.organizations.update(organization('o1', { groups: ['boss'] }))
    const a2 = { ...(await store.accounts.get('a2')), groups: ['staff'] } as Account
    await store.accounts.update(a2)
    await store.sessions.insert(session('s1', 'a2', { organization: 'o1' }), 'token-1')
    const both = async (id: string) => {
      await store.keys.insert(apiKey(id, 'a2', { groups: ['boss', 'staff'] }), keySecret(`hash of ${id}`, id))
      await store.sessions.giveKey('s1', 'shop', id, NOW)
    }
    await both('first')
    await store.accounts.update({ ...a2, name: 'Another name' })
    expect(await revoked('first')).toEqual([null])
    await store.accounts.update({ ...a2, groups: [], updated_at: NOW })
    expect(await revoked('first')).toEqual([NOW])
    await store.accounts.update(a2)
    await both('second')
    await store.organizations.update(organization('o1', { label: 'Another', groups: ['boss'] }))
    expect(await revoked('second')).toEqual([null])
    await store.organizations.update(organization('o1', { updated_at: NOW }))
    expect(await revoked('second')).toEqual([NOW])
  })

  it('leave no live key behind when one is given while they end', async () => {
    const other = (await places.openAgain(open)).store
    for (let i = 0; i < 10; i++) {
      await store.sessions.insert(session(`s${i}`, 'a1'), `token-${i}`)
      const [given] = await Promise.allSettled([
        other.transaction((trx) => give(`racing-${i}`, `s${i}`, 'a1', 'shop', trx)),
        store.sessions.end(`s${i}`, NOW),
      ])
      const [at] = await revoked(`racing-${i}`)
      expect(at).toBe(given.status === 'fulfilled' ? NOW : null)
      expect((await store.keys.get(`racing-${i}`)) === undefined).toBe(given.status === 'rejected')
    }
  }, 60_000)

  it('are deleted when they have expired, and what was revoked with them a month later', async () => {
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await store.sessions.insert(session('s2', 'a1', { expires_at: '2026-05-01T00:00:00.000Z' }), 'token-2')
    await give('of-s1', 's1')
    await store.sessions.deleteExpired('2026-01-01T11:59:59.999Z')
    expect(await store.sessions.get('s1')).toBeDefined()
    await store.sessions.deleteExpired('2026-01-01T12:00:00.000Z')
    expect((await store.sessions.list({ limit: 9 })).map(({ id }) => id)).toEqual(['s2'])
    expect(await revoked('of-s1')).toEqual(['2026-01-01T12:00:00.000Z'])
    await store.keys.update(apiKey('k1', 'a1', { revoked_at: NOW }))
    await store.sessions.deleteExpired('2026-01-31T12:00:00.000Z')
    expect(await store.keys.get('of-s1')).toBeDefined()
    await store.sessions.deleteExpired('2026-01-31T12:00:00.001Z')
    expect(await store.keys.get('of-s1')).toBeUndefined()
    expect(await store.keys.get('k1')).toBeDefined()
  })

  it('have keys that nobody is told to renew', async () => {
    const soon = { expires_at: '2026-01-01T02:00:00.000Z' }
    await store.keys.update(apiKey('k1', 'a1', soon))
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await store.keys.insert(apiKey('k2', 'a1', soon), keySecret('hash-2', 'k2'))
    await store.sessions.giveKey('s1', 'shop', 'k2', NOW)
    const ending = await store.keys.expiringBetween(NOW, '2026-01-02T00:00:00.000Z')
    expect(ending.map(({ id }) => id)).toEqual(['k1'])
    const listed = async (ofSessions?: boolean) =>
      (await store.keys.list({ limit: 9 }, { account: 'a1', ofSessions })).map(({ id }) => id)
    expect([await listed(), await listed(false), await listed(true)]).toEqual([['k1', 'k2'], ['k1'], ['k2']])
    await store.sessions.end('s1', NOW)
    expect(await listed(true)).toEqual(['k2'])
  })

  it('B-36 end when their organization goes, or nothing says any more that their account belongs to it', async () => {
    await store.organizations.insert(organization('o2'))
    for (const source of ['company', 'manual']) await store.organizations.setMemberships('a1', source, ['o1'], NOW)
    await store.organizations.setMemberships('a2', 'company', ['o1', 'o2'], NOW)
    await store.sessions.insert(session('s1', 'a1', { organization: 'o1' }), 'token-1')
    await store.sessions.insert(session('s2', 'a1', { host: 'h', parent: 's1', organization: 'o1' }), 'token-2')
    await store.sessions.insert(session('s3', 'a1'), 'token-3')
    await store.sessions.insert(session('s4', 'a2', { organization: 'o1' }), 'token-4')
    await give('of-s2', 's2')
    const left = async () => (await store.sessions.list({ limit: 9 })).map(({ id }) => id)
    await store.organizations.setMemberships('a1', 'company', [], NOW)
    expect(await left()).toEqual(['s1', 's2', 's3', 's4'])
    await store.organizations.setMemberships('a1', 'manual', ['o2'], NOW)
    expect(await left()).toEqual(['s3', 's4'])
    expect(await revoked('of-s2')).toEqual([NOW])
    await give('of-s4', 's4', 'a2')
    await store.organizations.delete('o1', NOW)
    expect(await left()).toEqual(['s3'])
    expect(await revoked('of-s4')).toEqual([NOW])
  })

  it('lose the keys of an application that goes, and stay', async () => {
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await give('of-shop', 's1')
    await give('of-books', 's1', 'a1', 'books')
    expect(await store.clients.delete('shop', NOW)).toBe(true)
    expect(await revoked('of-shop', 'of-books')).toEqual([NOW, null])
    expect(await store.sessions.get('s1')).toBeDefined()
    await store.sessions.deleteExpired('2026-05-01T00:00:00.000Z')
    expect(await store.keys.get('of-shop')).toBeUndefined()
  })

  it('go with their account, as does everything that makes it a person; a live key of its own keeps it', async () => {
    await store.emails.put(email('a1', 'a@example.org'))
    await store.identities.insert(identity('i1', 'a1'))
    await store.organizations.setMemberships('a1', 'manual', ['o1'], NOW)
    await store.factors.insertTotp(totp('t1', 'a1'))
    await store.factors.insertPasskey(passkey('p1', 'a1'))
    await store.factors.setRecoveryCodes('a1', ['r1'], NOW)
    await store.sessions.insert(session('s1', 'a1'), 'token-1')
    await store.sessions.insert(session('s2', 'a1', { host: 'h', parent: 's1' }), 'token-2')
    await give('of-s1', 's1')
    await expect(store.accounts.delete('a1')).rejects.toEqual(conflict('Live keys belong'))
    expect(await store.sessions.get('s2')).toBeDefined()
    expect(await revoked('of-s1')).toEqual([null])
    await store.keys.update(apiKey('k1', 'a1', { revoked_at: NOW }))
    expect(await store.accounts.delete('a1')).toBe(true)
    expect(await store.sessions.list({ limit: 9 })).toEqual([])
    expect(await open.hot.findKey('hash of of-s1')).toBeUndefined()
    expect(await store.identities.get('i1')).toBeUndefined()
    expect(await store.emails.of('a1')).toEqual([])
    expect(await store.organizations.members('o1', { limit: 9 })).toEqual([])
    expect([await store.factors.totps('a1'), await store.factors.passkeys('a1')]).toEqual([[], []])
    expect(await store.factors.recoveryCodes('a1')).toBe(0)
  })
})
