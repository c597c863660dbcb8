import { createSecretKey } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import { type NewSession, Sessions } from '../../src/sign_in/sessions.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { seal, open as unseal } from '../../src/vault/seal.ts'
import { openid, sessionClient } from '../store/openid_rows.ts'
import { client } from '../store/people_rows.ts'
import { ENGINES, Places } from '../store/places.ts'
import { account } from '../store/rows.ts'
import { stopSharedPostgres } from '../support/postgres.ts'

/** What becomes of the applications that somebody went to when another session takes the place of his. */

const places = new Places()
afterEach(() => places.cleanUp())
afterAll(() => stopSharedPostgres())

const key = createSecretKey(Buffer.alloc(32, 7))
const secrets = new PeopleSecrets(key, {
  seal: (plain: Uint8Array, place: string) => seal(key, 'k', plain, place),
  open: (text: string, place: string) => unseal(key, text, place),
})
const NOW = Date.parse('2026-11-22T08:00:00Z')
const NEW: NewSession = {
  ...{ account: 'ada', method: 'password', amr: ['pwd'], acr: null, authTime: '2026-11-22T07:59:00.000Z' },
  ...{ organization: null, idToken: null, address: '192.0.2.7', userAgent: 'a browser' },
}

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let sessions: Sessions
  let now: number
  let first: string
  beforeEach(async () => {
    open = await places.openFresh(engine)
    now = NOW
    sessions = new Sessions({ ...open, secrets, maxS: 3_600, idleS: 600, now: () => now })
    for (const id of ['ada', 'ben']) await open.store.accounts.insert(account(id))
    await open.store.clients.insert(client('shop', { openid: openid() }), 'client-hash')
    first = (await sessions.start(NEW)).session.id
    await open.store.sessionClients.put(sessionClient(first, 'shop', { sid: 'the sid', grant: 'g1' }))
  })
  const due = () => open.store.logoutNotices.nextDue()
  const byLineage = async (lineage = first) => (await open.store.sessions.findByLineage(lineage))?.id

  it('a fresh proof of the same person: they stay, with sid and grant, and nobody is told; again and again', async () => {
    expect(await byLineage()).toBe(first)
    let last = first
    for (let i = 0; i < 3; i++) {
      now += 1_000
      const { session } = await sessions.start({ ...NEW, amr: ['pwd', 'otp', 'mfa'] }, { replaces: last })
      expect(session).toMatchObject({ lineage: first })
      expect(await byLineage()).toBe(session.id)
      const kept = { session: session.id, client: 'shop', sid: 'the sid', grant: 'g1' }
      expect(await open.store.sessionClients.of(session.id)).toMatchObject([kept])
      expect(await open.store.sessions.get(last)).toBeUndefined()
      last = session.id
    }
    expect(await due()).toBeUndefined()
    await sessions.end(last)
    expect(await byLineage()).toBeUndefined()
    expect(await due()).toBeDefined()
  })

  it('the same in the transaction of a sign-in, and not where that fails', async () => {
    const failing = open.store.transaction(async (store) => {
      await sessions.start(NEW, { replaces: first, store })
      throw new Error('later step')
    })
    await expect(failing).rejects.toThrow('later step')
    expect(await byLineage()).toBe(first)
    const { session } = await open.store.transaction((store) => sessions.start(NEW, { replaces: first, store }))
    expect(await open.store.sessionClients.of(session.id)).toHaveLength(1)
    expect(await byLineage()).toBe(session.id)
  })

  it('another person: they are told, and he begins anew', async () => {
    const { session } = await sessions.start({ ...NEW, account: 'ben' }, { replaces: first })
    expect(session.lineage).toBe(session.id)
    expect(await byLineage()).toBeUndefined()
    expect(await open.store.sessionClients.of(session.id)).toEqual([])
    const [notice] = await open.store.logoutNotices.claim('2026-11-23', '2026-11-24', 9)
    expect(notice).toMatchObject({ client: 'shop', subject: 'ada', sid: 'the sid' })
  })

  it('a session that had expired, or was gone: nothing goes on for it', async () => {
    now += 3_600_000
    const { session } = await sessions.start(NEW, { replaces: first })
    expect(session.lineage).toBe(session.id)
    expect(await due()).toBeDefined()
    const later = (await sessions.start(NEW, { replaces: first })).session
    expect(later.lineage).toBe(later.id)
  })

  it('no session of a host is found by a lineage, nor goes on for that of its parent', async () => {
    const host = await sessions.startForHost(first, 'app.example.org', { address: '192.0.2.1', userAgent: undefined })
    const { id = '', lineage } = host?.session ?? {}
    expect(lineage).toBe(id)
    expect(await byLineage(id)).toBeUndefined()
    expect(await byLineage()).toBe(first)
    const visitor = { address: '192.0.2.1', userAgent: undefined }
    const again = await sessions.startForHost(first, 'app.example.org', visitor, id)
    expect(again?.session.lineage).toBe(again?.session.id)
  })
})
