import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectorApp, ConnectSession } from '../../src/core/types.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { ENGINES, Places } from './places.ts'
import { connection, dataKey, fill, sealed } from './rows.ts'

/** Applications that connections borrow their registration from, and people on their way to agree. */

const places = new Places()
afterEach(() => places.cleanUp(), 60_000)
afterAll(() => stopSharedPostgres(), 60_000)

const AT = '2026-06-01T12:00:00.000Z'
const conflict = expect.objectContaining({ code: 'conflict' })

function app(connector: string, more: Partial<ConnectorApp> = {}): ConnectorApp {
  const settings = { token_url: 'https://login.example.org' }
  return {
    connector,
    scheme: 'oauth2',
    settings,
    network: { allow_private: true },
    created_at: AT,
    updated_at: AT,
    ...more,
  }
}

function session(id: string, more: Partial<ConnectSession> = {}): ConnectSession {
  return {
    ...{ id, connector: 'fiken', connection_id: null, key_id: 'k1', return_url: 'https://app.example.org/back' },
    ...{ state: 'open', sealed: 'sealed', state_hash: null, expires_at: AT, created_at: AT },
    ...more,
  }
}

describe.each(ENGINES)('on %s', (engine) => {
  let open: OpenStore
  beforeEach(async () => {
    open = await places.openFresh(engine)
    await fill(open)
    await open.store.vault.insertDataKey(dataKey('dka', 'kek1'))
    await open.store.vault.insertDataKey(dataKey('dkc', 'kek1'))
  }, 60_000)

  describe('applications', () => {
    beforeEach(() => open.store.apps.insert(app('fiken'), sealed(1), 'dka'))

    it('come back as they were written, with what opens their secrets', async () => {
      const stored = { app: app('fiken'), sealed: sealed(1), dataKey: dataKey('dka', 'kek1') }
      expect(await open.store.apps.get('fiken')).toEqual(stored)
      expect(await open.store.apps.get('odoo')).toBeUndefined()
    })

    it('come with the connections that use them, in the same read', async () => {
      await open.store.connections.insert(connection('c2', { app: 'fiken' }), sealed(1), 'dkc')
      const stored = await open.store.apps.get('fiken')
      expect((await open.store.connections.get('c2'))?.app).toEqual(stored)
      expect((await open.hot.findConnection('c2'))?.app).toEqual(stored)
      expect((await open.hot.findConnection('c1'))?.app).toBeNull()
    })

    it('are one per connector, and a connection cannot use one that is not there', async () => {
      await expect(open.store.apps.insert(app('fiken'), sealed(1), 'dka')).rejects.toEqual(conflict)
      const other = connection('c2', { app: 'odoo' })
      await expect(open.store.connections.insert(other, sealed(1), 'dkc')).rejects.toEqual(conflict)
    })

    it('change only from the version that the writer has seen (D20)', async () => {
      const changed = app('fiken', { settings: { token_url: 'https://other.example.org' }, network: {} })
      expect(await open.store.apps.update(changed, sealed(2), 1)).toBe(true)
      expect(await open.store.apps.update(app('fiken'), sealed(3), 1)).toBe(false)
      expect(await open.store.apps.get('fiken')).toMatchObject({ app: changed, sealed: sealed(2) })
      expect(await open.store.apps.update(app('odoo'), sealed(2), 1)).toBe(false)
    })

    it('stay while connections use them, and take their data key along', async () => {
      await open.store.connections.insert(connection('c2', { app: 'fiken' }), sealed(1), 'dkc')
      await expect(open.store.apps.delete('fiken')).rejects.toEqual(conflict)
      expect(await open.store.vault.dataKey('dka')).toBeDefined()
      await open.store.connections.delete('c2')
      expect(await open.store.apps.delete('fiken')).toBe(true)
      expect(await open.store.vault.dataKey('dka')).toBeUndefined()
      expect(await open.store.apps.delete('fiken')).toBe(false)
    })
  })

  describe('connect sessions', () => {
    beforeEach(() => open.store.connectSessions.insert(session('s1'), 'token-1'))
    const sessions = () => open.store.connectSessions

    it('come back by id, by token and by state, and never with the hash of their token', async () => {
      expect(await sessions().get('s1')).toEqual(session('s1'))
      expect(await sessions().findByToken('token-1')).toEqual(session('s1'))
      expect(await sessions().findByToken('token-2')).toBeUndefined()
      await sessions().advance('s1', session('s1'), { state: 'bound', sealed: 'more', state_hash: 'state-1' })
      const bound = session('s1', { state: 'bound', sealed: 'more', state_hash: 'state-1' })
      expect(await sessions().findByState('state-1')).toEqual(bound)
    })

    it('refuse a token or a state that another one has', async () => {
      await expect(sessions().insert(session('s2'), 'token-1')).rejects.toEqual(conflict)
      await sessions().insert(session('s3', { state_hash: 'state-3' }), 'token-3')
      const taken = sessions().advance('s1', session('s1'), { state: 'bound', sealed: 'x', state_hash: 'state-3' })
      await expect(taken).rejects.toEqual(conflict)
    })

    it('D3: go from one state to the next for one of many at once', async () => {
      const other = (await places.openAgain(open)).store.connectSessions
      const to = (i: number) => ({ state: 'bound', sealed: `browser ${i}`, state_hash: `hash-${i}` }) as const
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? other : sessions()).advance('s1', session('s1'), to(i))),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
      expect((await sessions().get('s1'))?.sealed).toBe(`browser ${won.indexOf(true)}`)
    })

    it('end at their time', async () => {
      await sessions().insert(session('s2', { expires_at: '2026-06-01T12:00:00.001Z' }), 'token-2')
      await sessions().deleteExpired(AT)
      expect([await sessions().get('s1'), (await sessions().get('s2'))?.id]).toEqual([undefined, 's2'])
    })
  })
})
