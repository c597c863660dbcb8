import { createSecretKey } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Account } from '../../src/core/types.ts'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import { type NewSession, Sessions, userAgentText } from '../../src/sign_in/sessions.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { seal, open as unseal } from '../../src/vault/seal.ts'
import { ENGINES, Places } from '../store/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

const places = new Places()
afterEach(() => places.cleanUp())
afterAll(() => stopSharedPostgres())

const key = createSecretKey(Buffer.alloc(32, 7))
const sealer = {
  seal: (plain: Uint8Array, place: string) => seal(key, 'k', plain, place),
  open: (text: string, place: string) => unseal(key, text, place),
}
const secrets = new PeopleSecrets(key, sealer)
const NOW = Date.parse('2026-11-22T08:00:00Z')
const HOST = 'app.example.org'
const VISITOR = { address: '192.0.2.1', userAgent: undefined }

const NEW: NewSession = {
  account: 'ada',
  method: 'password',
  amr: ['pwd', 'otp', 'mfa'],
  acr: 'eidas1',
  authTime: '2026-11-22T07:59:00.000Z',
  organization: null,
  idToken: 'an.id.token',
  address: '192.0.2.7',
  userAgent: 'a browser',
}

describe.each(ENGINES)('sessions on %s', (engine) => {
  let open: OpenStore
  let sessions: Sessions
  let now: number
  beforeEach(async () => {
    open = await places.openFresh(engine)
    now = NOW
    sessions = new Sessions({ ...open, secrets, maxS: 3_600, idleS: 600, now: () => now })
    const times = { disabled_at: null, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }
    const account = { id: 'ada', kind: 'person', name: 'Ada', description: '', email: null, groups: [], grants: [] }
    await open.store.accounts.insert({ ...account, ...times, certificate_subjects: [], has_password: false } as Account)
  })
  const eventsOf = async () => (await open.store.events.list({ limit: 20 }, { subject: 'account:ada' })).toReversed()

  it('begin with what is known of the proof, a token that only its hash is kept of, and an event', async () => {
    const { session, token } = await sessions.start(NEW)
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(session).toMatchObject({
      ...{ account: 'ada', host: null, parent: null, amr: NEW.amr, acr: 'eidas1', auth_time: NEW.authTime },
      ...{ created_at: '2026-11-22T08:00:00.000Z', expires_at: '2026-11-22T09:00:00.000Z', idle_s: 600 },
      ...{ address: '192.0.2.7', user_agent: 'a browser' },
    })
    const found = await open.hot.findSession(secrets.hash('session', token))
    expect(found?.session).toEqual(session)
    expect(JSON.stringify(found)).not.toContain(token)
    expect(await eventsOf()).toMatchObject([
      {
        type: 'session.started',
        subject: 'account:ada',
        data: { session: session.id, host: null, method: 'password' },
      },
    ])
  })

  it('the id_token is sealed, and opens for this session alone', async () => {
    const { session } = await sessions.start(NEW)
    expect(session.sealed).not.toContain('an.id.token')
    expect(sessions.idTokenOf(session)).toBe('an.id.token')
    expect(sessions.idTokenOf({ ...session, id: 'another' })).toBeNull()
    expect(sessions.idTokenOf((await sessions.start({ ...NEW, idToken: null })).session)).toBeNull()
  })

  it('T34: every one has another token, and what it replaces has ended with it', async () => {
    const first = await sessions.start(NEW)
    await sessions.startForHost(first.session.id, HOST, VISITOR)
    const second = await sessions.start(NEW, { replaces: first.session.id })
    expect(second.token).not.toBe(first.token)
    expect(await open.hot.findSession(secrets.hash('session', first.token))).toBeUndefined()
    expect((await open.store.sessions.list({ limit: 9 })).map(({ id }) => id)).toEqual([second.session.id])
    // All in one millisecond: in no order.
    expect((await eventsOf()).map(({ type, data }) => [type, data.why ?? ''].join(' ')).sort()).toEqual([
      'session.ended replaced',
      ...Array(3).fill('session.started '),
    ])
  })

  it('belong to the transaction that they are given: no session of a sign-in that failed', async () => {
    const failing = open.store.transaction(async (store) => {
      await sessions.start(NEW, { store })
      throw new Error('later step')
    })
    await expect(failing).rejects.toThrow('later step')
    expect(await open.store.sessions.list({ limit: 9 })).toEqual([])
    expect(await eventsOf()).toEqual([])
  })

  it('of a host: as much as its parent, from another place, and no longer', async () => {
    const parent = (await sessions.start(NEW)).session
    now += 1_800_000
    const started = await sessions.startForHost(parent.id, HOST, { address: '192.0.2.9', userAgent: 'another\r\nX: y' })
    expect(started?.session).toEqual({
      ...parent,
      ...{ id: started?.session.id, lineage: started?.session.id, host: HOST, parent: parent.id, sealed: null },
      ...{ address: '192.0.2.9', user_agent: 'anotherX: y', created_at: '2026-11-22T08:30:00.000Z' },
    })
    expect((await sessions.startForHost(parent.id, HOST, VISITOR))?.session.user_agent).toBe('a browser')
  })

  it('of a host: none without a parent that is good, and at our own address', async () => {
    const parent = (await sessions.start(NEW)).session
    const child = await sessions.startForHost(parent.id, HOST, VISITOR)
    expect(await sessions.startForHost(child?.session.id ?? '', 'b.example.org', VISITOR)).toBeUndefined()
    expect(await sessions.startForHost('nobody', HOST, VISITOR)).toBeUndefined()
    now += 3_600_000
    expect(await sessions.startForHost(parent.id, HOST, VISITOR)).toBeUndefined()
    expect(await open.store.sessions.list({ limit: 9 }, { host: 'b.example.org' })).toEqual([])
  })

  it('end with those of hosts below them, their tickets, and an event', async () => {
    const { session } = await sessions.start(NEW)
    const child = await sessions.startForHost(session.id, HOST, VISITOR)
    const ticket = { id: 't', purpose: 'host_code' as const, account: 'ada', session: session.id, sealed: '' }
    const times = { created_at: '2026-11-22T08:00:00Z', expires_at: '2026-11-22T08:01:00Z' }
    await open.activity.tickets.put({ ...ticket, ...times })
    expect(await sessions.end(session.id)).toBe(true)
    expect(await open.store.sessions.get(child?.session.id ?? '')).toBeUndefined()
    expect(await open.activity.tickets.peek('t', 'host_code', '2026-11-22T08:00:30Z')).toBeUndefined()
    expect((await eventsOf()).find(({ type }) => type === 'session.ended')).toMatchObject({
      type: 'session.ended',
      data: { session: session.id, why: 'signed_out' },
    })
    expect(await sessions.end(session.id)).toBe(false)
    expect(await eventsOf()).toHaveLength(3)
  })

  it('all end but one, and what is below that, with one event', async () => {
    const kept = (await sessions.start(NEW)).session
    const below = await sessions.startForHost(kept.id, HOST, VISITOR)
    for (const _ of [1, 2, 3]) await sessions.start(NEW)
    expect(await sessions.endAll('ada', 'password_changed', kept.id)).toBe(3)
    const left = (await open.store.sessions.list({ limit: 9 })).map(({ id }) => id)
    expect(left.sort()).toEqual([kept.id, below?.session.id ?? ''].sort())
    expect((await eventsOf()).find(({ type }) => type === 'session.ended')).toMatchObject({
      data: { sessions: 3, why: 'password_changed', except: kept.id },
    })
    expect(await sessions.endAll('ada', 'disabled')).toBe(2)
    expect(await sessions.endAll('ada', 'disabled')).toBe(0)
  })

  it('T34: raised, they have another token, and the one before it is dead', async () => {
    const { session, token } = await sessions.start({ ...NEW, amr: ['pwd'] })
    const next = await sessions.renew(session.id, ['otp'])
    expect(await open.hot.findSession(secrets.hash('session', token))).toBeUndefined()
    const found = await open.hot.findSession(secrets.hash('session', next ?? ''))
    expect(found?.session).toEqual({ ...session, amr: ['pwd', 'otp', 'mfa'] })
    expect(await sessions.renew('nobody', ['otp'])).toBeUndefined()
  })
})

it.each([
  [undefined, ''],
  ['Mozilla/5.0', 'Mozilla/5.0'],
  ['a\r\nb\0c\x1b[31md\x7f\u0085e', 'abc[31mde'],
  ['x'.repeat(500), 'x'.repeat(300)],
  [`${'x'.repeat(299)}😀`, `${'x'.repeat(299)}\ufffd`],
])('of the user agent %j is kept %j', (given, kept) => expect(userAgentText(given)).toBe(kept))
