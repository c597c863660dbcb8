import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/core/stores.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { consent, openid, sessionClient } from './openid_rows.ts'
import { client, session } from './people_rows.ts'
import { ENGINES, Places } from './places.ts'
import { account } from './rows.ts'

/** What the OpenID provider keeps beside accounts, sessions and applications, on both engines. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const NOW = '2026-01-01T01:00:00.000Z'
const LATER = '2026-01-01T02:00:00.000Z'
const conflict = (detail: string) =>
  expect.objectContaining({ code: 'conflict', detail: expect.stringMatching(detail) })

describe.each(ENGINES)('%s', (engine) => {
  let open: OpenStore
  let store: Store
  beforeEach(async () => {
    open = await places.openFresh(engine)
    store = open.store
    for (const id of ['ada', 'ben']) await store.accounts.insert(account(id))
    await store.clients.insert(client('shop', { openid: openid() }), 'client-hash-1')
    await store.clients.insert(client('books'), 'client-hash-2')
    await store.sessions.insert(session('s1', 'ada'), 'token-1')
  }, 60_000)

  describe('applications', () => {
    it('come back with what they are to the provider, by id, secret and list, and can cease to be any', async () => {
      const shop = client('shop', { openid: openid() })
      expect(await store.clients.get('shop')).toEqual(shop)
      expect(await store.clients.findBySecret('shop', 'client-hash-1', NOW)).toEqual(shop)
      expect(await store.clients.list({ limit: 9 })).toEqual([client('books'), shop])
      await store.clients.update(client('shop'))
      await store.clients.update(client('books', { openid: openid({ auth_method: 'none' }) }))
      expect((await store.clients.get('shop'))?.openid).toBeNull()
      expect((await store.clients.get('books'))?.openid).toEqual(openid({ auth_method: 'none' }))
    })

    it('that keep no secret are found by none', async () => {
      await store.clients.insert(client('spa', { openid: openid({ auth_method: 'none' }) }), null)
      expect((await store.clients.get('spa'))?.openid?.auth_method).toBe('none')
      expect(await store.clients.findBySecret('spa', '', NOW)).toBeUndefined()
    })
  })

  describe('subjects', () => {
    it('are the id of the account, and stay so', async () => {
      expect([await store.subjects.of('ada'), await store.subjects.of('ada')]).toEqual(['ada', 'ada'])
      expect(await store.subjects.find('ada')).toEqual(await store.accounts.get('ada'))
      expect([await store.subjects.find('ben'), await store.subjects.find('')]).toEqual([undefined, undefined])
      await expect(store.subjects.of('nobody')).rejects.toEqual(conflict('no account nobody'))
    })

    it('are never the id of an application, whose own tokens name it so', async () => {
      await store.accounts.insert(account('books'))
      expect(await store.subjects.of('books')).toMatch(/^books~[a-z0-9]{8}$/)
      await store.subjects.of('ada')
      expect([await store.subjects.isTaken('ada'), await store.subjects.isTaken('ben')]).toEqual([true, false])
      await expect(store.clients.insert(client('ada'), 'client-hash-3')).rejects.toEqual(conflict('choose another id'))
      await store.clients.insert(client('ben'), 'client-hash-4')
    })

    it('are never another person’s: who comes under the id of somebody gone gets one of his own', async () => {
      await store.subjects.of('ada')
      for (let i = 0; i < 3; i++) {
        await store.accounts.delete('ada')
        await store.accounts.insert(account('ada'))
        expect(await store.subjects.find('ada')).toBeUndefined()
        const subject = await store.subjects.of('ada')
        expect(subject).toMatch(/^ada~[a-z0-9]{8}$/)
        expect(await store.subjects.of('ada')).toBe(subject)
        expect((await store.subjects.find(subject))?.id).toBe('ada')
      }
    })

    it('are one, whoever asks first', async () => {
      await store.subjects.of('ben')
      await store.accounts.delete('ben')
      await store.accounts.insert(account('ben'))
      const other = (await places.openAgain(open)).store
      const asked = await Promise.all([1, 2, 3, 4].flatMap(() => [store.subjects.of('ben'), other.subjects.of('ben')]))
      expect(new Set(asked).size).toBe(1)
    })
  })

  describe('clients of a session', () => {
    it('come back as they were written, get another grant, and keep their sid', async () => {
      const shop = sessionClient('s1', 'shop', { grant: 'g1' })
      expect(await store.sessionClients.put(shop)).toBe(true)
      expect(await store.sessionClients.put(sessionClient('s1', 'books'))).toBe(true)
      expect(await store.sessionClients.put({ ...shop, grant: 'g2', created_at: LATER })).toBe(true)
      expect(await store.sessionClients.of('s1')).toEqual([sessionClient('s1', 'books'), { ...shop, grant: 'g2' }])
      expect(await store.sessionClients.of('s2')).toEqual([])
    })

    it('are two where the first two requests of one came at once, so that both are told of the end', async () => {
      const sids = ['a', 'b']
      const put = sids.map((sid) => store.sessionClients.put(sessionClient('s1', 'shop', { sid })))
      expect(await Promise.all(put)).toEqual([true, true])
      expect((await store.sessionClients.of('s1')).map(({ sid }) => sid)).toEqual(sids)
      await store.sessions.end('s1', NOW)
      const told = await store.logoutNotices.claim(NOW, LATER, 9)
      expect(told.map(({ sid }) => sid).toSorted()).toEqual(sids)
    })

    it('are not written for a session that has ended, nor for an application that is gone', async () => {
      expect(await store.sessionClients.put(sessionClient('none', 'shop'))).toBe(false)
      await expect(store.sessionClients.put(sessionClient('s1', 'none'))).rejects.toEqual(
        conflict('no application none'),
      )
      await store.sessionClients.put(sessionClient('s1', 'shop'))
      await store.clients.delete('shop', NOW)
      expect(await store.sessionClients.of('s1')).toEqual([])
    })

    it('are told of the end, or refused, when they are written while the session ends', async () => {
      const other = (await places.openAgain(open)).store
      for (let i = 0; i < 10; i++) {
        await store.sessions.insert(session(`r${i}`, 'ben'), `token-r${i}`)
        const put = other.sessionClients.put(sessionClient(`r${i}`, 'shop', { sid: `sid-${i}` }))
        const [written] = await Promise.all([put, store.sessions.end(`r${i}`, NOW)])
        const told = (await store.logoutNotices.claim(LATER, '2026-01-03', 9)).map(({ sid }) => sid)
        expect(told).toEqual(written ? [`sid-${i}`] : [])
        for (const { id } of await store.logoutNotices.claim('2026-01-03', '2026-01-04', 9))
          await store.logoutNotices.delete(id)
      }
    }, 60_000)

    it('are of the account’s live sessions, each once, since the first', async () => {
      await store.sessions.insert(session('s2', 'ada', { expires_at: LATER }), 'token-2')
      await store.sessions.insert(session('s3', 'ben'), 'token-3')
      await store.sessionClients.put(sessionClient('s1', 'shop', { created_at: LATER }))
      await store.sessionClients.put(sessionClient('s2', 'shop', { created_at: NOW }))
      await store.sessionClients.put(sessionClient('s2', 'books', { created_at: NOW }))
      await store.sessionClients.put(sessionClient('s3', 'books'))
      const books = { client: 'books', since: NOW }
      expect(await store.sessionClients.clientsOf('ada', NOW)).toEqual([books, { client: 'shop', since: NOW }])
      expect(await store.sessionClients.clientsOf('ada', LATER)).toEqual([{ client: 'shop', since: LATER }])
      expect(await store.sessionClients.clientsOf('ada')).toEqual([])
    })
  })

  describe('consents', () => {
    it('come back as they were written, take the place of the one before, and go', async () => {
      await store.consents.put(consent('ada', 'shop'))
      await store.consents.put(consent('ada', 'books'))
      await store.consents.put(consent('ben', 'shop'))
      const wider = consent('ada', 'shop', { scopes: ['openid'], resources: [], updated_at: NOW })
      await store.consents.put(wider)
      expect(await store.consents.get('ada', 'shop')).toEqual(wider)
      expect(await store.consents.of('ada')).toEqual([consent('ada', 'books'), wider])
      const twice = [await store.consents.delete('ada', 'shop'), await store.consents.delete('ada', 'shop')]
      expect(twice).toEqual([true, false])
      expect(await store.consents.get('ada', 'shop')).toBeUndefined()
      expect(await store.consents.get('ben', 'shop')).toEqual(consent('ben', 'shop'))
    })

    it('go with the account and with the application, and are nobody’s who is not there', async () => {
      for (const [who, what] of [...['ada', 'ben'].map((id) => [id, 'shop']), ['ben', 'books']] as [string, string][])
        await store.consents.put(consent(who, what))
      await store.accounts.delete('ada')
      await store.clients.delete('books', NOW)
      expect([await store.consents.of('ada'), await store.consents.of('ben')]).toEqual([[], [consent('ben', 'shop')]])
      for (const lost of [consent('ada', 'shop'), consent('ben', 'books')])
        await expect(store.consents.put(lost)).rejects.toEqual(conflict('is gone'))
    })
  })
})
