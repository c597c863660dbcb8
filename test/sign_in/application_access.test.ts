import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApplicationAccess } from '../../src/sign_in/applications/access.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { consent, openid, providerEntry, sessionClient } from '../store/openid_rows.ts'
import { client, session } from '../store/people_rows.ts'
import { ENGINES, Places } from '../store/places.ts'
import { account, apiKey, keySecret } from '../store/rows.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** Which applications know a person by the OpenID provider, and the end of it. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T01:00:00.000Z'
const FAR = '2099-01-01T00:00:00.000Z'
const OFFLINE = ['openid', 'offline_access']

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let access: ApplicationAccess
  let told: number
  beforeEach(async () => {
    open = await places.openFresh(engine)
    const { store, activity } = open
    told = 0
    access = new ApplicationAccess({ store, activity, onEnded: () => told++, now: () => new Date(NOW) })
    for (const id of ['ada', 'ben']) await store.accounts.insert(account(id, { kind: 'person' }))
    for (const id of ['own', 'guest'])
      await store.clients.insert(
        client(id, {
          openid: openid({ first_party: id === 'own', scopes: ['openid', 'profile', 'offline_access'] }),
        }),
        `hash of ${id}`,
      )
    for (const [id, of] of [
      ['s1', 'ada'],
      ['s2', 'ada'],
      ['s3', 'ben'],
    ] as const)
      await store.sessions.insert(session(id, of, { expires_at: FAR }), `token of ${id}`)
  }, 60_000)

  const visit = (id: string, to: string, created_at = NOW) =>
    open.store.sessionClients.put(sessionClient(id, to, { created_at }))
  const token = (id: string, of: string, to: string, more = {}) =>
    open.activity.providerEntries.put(providerEntry(id, { account: of, client: to, expires_at: FAR, ...more }))
  const allow = (of: string, scopes = OFFLINE, to = 'guest') => open.store.consents.put(consent(of, to, { scopes }))
  const seen = async (of = 'ada') =>
    (await access.of(of)).map(({ client: id, signed_in, offline }) => [id, signed_in, offline])

  it('nobody who went nowhere is known', async () => expect(await access.of('ada')).toEqual([]))

  it('the organisation’s own, once for all sessions there, since the first, with all that it may know', async () => {
    await visit('s1', 'own', '2026-01-01T00:30:00.000Z')
    await visit('s2', 'own', '2026-01-01T00:10:00.000Z')
    await visit('s3', 'own')
    expect(await access.of('ada')).toEqual([
      {
        ...{ client: 'own', name: 'Application own', since: '2026-01-01T00:10:00.000Z' },
        ...{ scopes: ['openid', 'profile'], resources: ['https://api.example.org/'] },
        ...{ signed_in: true, offline: false, consented_at: null },
      },
    ])
  })
  it('others by what was allowed, while nobody is there as well', async () => {
    await allow('ada', ['openid', 'something of before'])
    expect(await access.of('ada')).toMatchObject([
      {
        ...{ client: 'guest', scopes: ['openid'], resources: ['https://api.example.org/'] },
        ...{ signed_in: false, offline: false, consented_at: '2026-01-01T00:00:00.000Z' },
      },
    ])
  })
  it('by a token that outlives sessions, as long as it lives', async () => {
    await token('t1', 'ada', 'own')
    await token('t2', 'ada', 'guest')
    // A token of an application that was allowed no such thing ended with its session.
    expect(await seen()).toEqual([])
    for (const to of ['own', 'guest']) await allow('ada', OFFLINE, to)
    expect(await seen()).toEqual([
      ['guest', false, true],
      ['own', false, true],
    ])
    expect((await access.of('ada')).map(({ scopes }) => scopes)).toEqual([
      OFFLINE,
      ['openid', 'profile', 'offline_access'],
    ])
    await allow('ben', OFFLINE, 'own')
    await token('t3', 'ben', 'own', { expires_at: '2026-01-01T00:59:00.000Z' })
    expect(await seen('ben')).toEqual([['own', false, false]])
  })
  it('revoked: what was allowed, sessions there and tokens end, it is told, and it alone', async () => {
    for (const to of ['own', 'guest']) {
      await visit('s1', to)
      await visit('s2', to)
      await token(`of ada at ${to}`, 'ada', to)
      await token(`of ben at ${to}`, 'ben', to)
    }
    await visit('s3', 'guest')
    for (const of of ['ada', 'ben']) for (const to of ['own', 'guest']) await allow(of, OFFLINE, to)
    await open.store.keys.insert(apiKey('k1', 'ada'), keySecret('hash of k1', 'k1'))
    await open.store.sessions.giveKey('s1', 'guest', 'k1', NOW)

    expect(await access.revoke('ada', 'guest')).toBe(true)
    await access.forget('ada', 'guest')
    expect(await seen()).toEqual([['own', true, true]])
    expect(await seen('ben')).toEqual([
      ['guest', true, true],
      ['own', false, true],
    ])
    expect((await open.store.keys.get('k1'))?.revoked_at).toBe(NOW)
    expect(await open.activity.providerEntries.get('RefreshToken', 'of ada at guest')).toBeUndefined()
    const notices = await open.store.logoutNotices.claim(FAR, '2100-01-01T00:00:00.000Z', 9)
    expect(notices.map(({ sid }) => sid).sort()).toEqual(['sid of s1 at guest', 'sid of s2 at guest'])
    expect(told).toBe(1)
    expect(await open.store.sessions.get('s1')).toBeDefined()
    const [event] = await open.store.events.list({ limit: 1 })
    expect(event).toMatchObject({
      type: 'account.application_revoked',
      subject: 'account:ada',
      data: { client: 'guest' },
    })
  })
  it('what has no access has none to lose: nothing happens', async () => {
    await visit('s3', 'own')
    const before = await open.hot.version()
    for (const id of ['own', 'nobody']) expect(await access.revoke('ada', id)).toBe(false)
    expect(await open.hot.version()).toEqual(before)
    expect(await seen('ben')).toEqual([['own', true, false]])
  })
})
