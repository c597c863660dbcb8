import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { openid, sessionClient } from './openid_rows.ts'
import { client, organization, session } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'
import { account } from './rows.ts'

/** Who is told that a session has ended: whichever way it ends, in the transaction that ends it. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T01:00:00.000Z'
const LATER = '2026-01-01T13:00:00.000Z'
const FAR = '2026-02-01T00:00:00.000Z'

/** What ends the session `s1` of ada, who acts for the organization `o1`, but not `s3` of ben. */
const ENDS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'sign-out': (store) => store.sessions.end('s1', NOW),
  'all of an account': (store) => store.sessions.endAll('ada', NOW),
  'all of an account but another': (store) => store.sessions.endAll('ada', NOW, 's3'),
  expiry: (store) => store.sessions.deleteExpired(NOW),
  'the organization goes': (store) => store.organizations.delete('o1', NOW),
  'the membership ends': (store) => store.organizations.setMemberships('ada', 'manual', [], NOW),
  'the account goes': (store) => store.accounts.delete('ada', NOW),
}

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    for (const id of ['ada', 'ben']) await store.accounts.insert(account(id))
    await store.organizations.insert(organization('o1'))
    await store.organizations.setMemberships('ada', 'manual', ['o1'], NOW)
    await store.clients.insert(client('shop', { openid: openid() }), 'client-hash-1')
    await store.clients.insert(client('blog', { openid: openid() }), 'client-hash-2')
    await store.clients.insert(client('mute', { openid: openid({ backchannel_logout_uri: null }) }), 'client-hash-3')
    await store.sessions.insert(session('s1', 'ada', { organization: 'o1', expires_at: NOW }), 'token-1')
    await store.sessions.insert(session('s3', 'ben'), 'token-3')
    for (const id of ['shop', 'blog', 'mute']) await store.sessionClients.put(sessionClient('s1', id))
    await store.sessionClients.put(sessionClient('s3', 'shop'))
  }, 60_000)

  const notices = async (until = FAR) =>
    (await store.logoutNotices.claim(LATER, until, 99))
      .map(({ id: _, ...notice }) => notice)
      .sort((a, b) => (a.sid < b.sid ? -1 : 1))
  const notice = (of: string, at: string, more = {}) => {
    const made = { attempts: 0, next_at: FAR, created_at: NOW, ...more }
    return { client: at, subject: of === 's1' ? 'ada' : 'ben', sid: `sid of ${of} at ${at}`, ...made }
  }

  it.each(Object.entries(ENDS))(
    '%s: the applications that want to know are told once, nobody else’s',
    async (_, end) => {
      await end(store)
      expect(await store.sessions.get('s1')).toBeUndefined()
      expect(await notices()).toEqual([notice('s1', 'blog'), notice('s1', 'shop')])
      await end(store)
      expect(await notices()).toEqual([])
      expect(await store.sessionClients.of('s3')).toHaveLength(1)
    },
  )

  it('everybody’s: all are told, also of sessions below others', async () => {
    await store.sessions.insert(session('s2', 'ada', { host: 'h', parent: 's1' }), 'token-2')
    await store.sessionClients.put(sessionClient('s2', 'shop'))
    expect(await store.sessions.endEvery(NOW)).toBe(3)
    const below = { ...notice('s1', 'shop'), sid: 'sid of s2 at shop' }
    expect(await notices()).toEqual([notice('s1', 'blog'), notice('s1', 'shop'), below, notice('s3', 'shop')])
  })

  it('a parent: the sessions below it are told of as well', async () => {
    await store.sessions.insert(session('s2', 'ada', { host: 'h', parent: 's1' }), 'token-2')
    await store.sessionClients.put(sessionClient('s2', 'blog'))
    await store.sessions.end('s1', NOW)
    expect((await notices()).map(({ sid }) => sid)).toContain('sid of s2 at blog')
  })

  it('one application’s access: it alone is told, of each session, which stay', async () => {
    await store.sessions.insert(session('s2', 'ada'), 'token-2')
    await store.sessionClients.put(sessionClient('s2', 'shop'))
    await store.sessionClients.end('ada', 'shop', NOW)
    const second = { ...notice('s1', 'shop'), sid: 'sid of s2 at shop' }
    expect(await notices()).toEqual([notice('s1', 'shop'), second])
    expect((await store.sessionClients.of('s1')).map((each) => each.client)).toEqual(['blog', 'mute'])
    expect(await store.sessionClients.of('s3')).toHaveLength(1)
    expect(await store.sessions.get('s2')).toBeDefined()
  })

  it('gone on for by another session: nobody is told, until that one ends', async () => {
    await store.sessions.insert(session('s2', 'ada', { lineage: 's1' }), 'token-2')
    await store.sessionClients.move('s1', 's2')
    await store.sessions.end('s1', NOW)
    expect(await notices()).toEqual([])
    const moved = (await store.sessionClients.of('s2')).map(({ client, sid }) => ({ client, sid }))
    expect(moved).toEqual(['blog', 'mute', 'shop'].map((id) => ({ client: id, sid: `sid of s1 at ${id}` })))
    await store.sessions.end('s2', NOW)
    expect(await notices()).toEqual([notice('s1', 'blog'), notice('s1', 'shop')])
  })

  it('a transaction that fails: nobody is told of anything', async () => {
    const failing = store.transaction(async (bound) => {
      await bound.sessions.end('s1', NOW)
      throw new Error('later step')
    })
    await expect(failing).rejects.toThrow('later step')
    expect(await notices()).toEqual([])
    expect(await store.sessionClients.of('s1')).toHaveLength(3)
  })

  it('with the subject that it was known by, though the account is gone', async () => {
    await store.subjects.of('ada')
    await store.accounts.delete('ada', NOW)
    await store.accounts.insert(account('ada'))
    await store.sessions.insert(session('s1', 'ada'), 'token-1')
    await store.sessionClients.put(sessionClient('s1', 'shop', { sid: 'new' }))
    const subject = await store.subjects.of('ada')
    await store.sessions.end('s1', NOW)
    expect((await notices()).map((each) => [each.sid, each.subject])).toEqual([
      ['new', subject],
      ['sid of s1 at blog', 'ada'],
      ['sid of s1 at shop', 'ada'],
    ])
  })

  it('are claimed by one, the oldest first, come back when the claim lapses, and go', async () => {
    const { logoutNotices } = store
    expect(await logoutNotices.nextDue()).toBeUndefined()
    await store.sessions.end('s3', NOW)
    await store.sessions.end('s1', '2026-01-01T02:00:00.000Z')
    expect(await logoutNotices.nextDue()).toBe(NOW)
    expect(await logoutNotices.claim('2026-01-01T00:59:59.999Z', FAR, 9)).toEqual([])
    const [first] = await logoutNotices.claim(LATER, '2026-01-01T13:01:00.000Z', 1)
    expect(first).toMatchObject({ client: 'shop', subject: 'ben', next_at: '2026-01-01T13:01:00.000Z' })
    expect(await logoutNotices.claim(LATER, FAR, 9)).toHaveLength(2)
    expect(await logoutNotices.nextDue()).toBe('2026-01-01T13:01:00.000Z')
    await logoutNotices.postpone(first?.id ?? '', 3, '2026-01-01T15:00:00.000Z')
    const [again] = await logoutNotices.claim('2026-01-01T15:00:00.000Z', FAR, 9)
    expect(again).toEqual({ ...first, attempts: 3, next_at: FAR })
    await logoutNotices.delete(first?.id ?? '')
    await logoutNotices.deleteCreatedBefore('2026-01-01T02:00:00.000Z')
    expect(await logoutNotices.nextDue()).toBe(FAR)
    await logoutNotices.deleteCreatedBefore('2026-01-01T02:00:00.001Z')
    expect(await logoutNotices.nextDue()).toBeUndefined()
  })

  it('are each claimed once by processes that ask at the same moment', async () => {
    const other = (await places.openAgain(open)).store
    for (let i = 0; i < 40; i++) {
      await store.sessions.insert(session(`m${i}`, 'ben'), `token-m${i}`)
      await store.sessionClients.put(sessionClient(`m${i}`, 'shop'))
    }
    await store.sessions.endEvery(NOW)
    const claims = Array.from({ length: 12 }, (_, i) => (i % 2 ? other : store).logoutNotices.claim(LATER, FAR, 5))
    const claimed = (await Promise.all(claims)).flat().map(({ id }) => id)
    const rest = (await store.logoutNotices.claim(LATER, FAR, 99)).map(({ id }) => id)
    expect(new Set([...claimed, ...rest]).size).toBe(43)
    expect(claimed.length + rest.length).toBe(43)
  }, 60_000)

  it('go with their application', async () => {
    await store.sessions.end('s1', NOW)
    await store.clients.delete('shop', NOW)
    expect(await notices()).toEqual([notice('s1', 'blog')])
  })
})
