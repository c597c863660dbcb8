import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { openInstallation } from '../../src/installation/open.ts'
import { RenewalRounds } from '../../src/outbound/tokens/renewal_rounds.ts'
import { sqliteFiles } from '../../src/store/sqlite.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { agreedTo, clientCredentials, withRefreshToken } from './connections.ts'
import { startEngine } from './engine.ts'
import { type Scene, startClientOnly, startRotating, until } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** Tokens that nobody asks for: kept fresh all the same, for many services let a refresh token die that is never used. */

let scene: Scene | undefined
afterEach(async () => {
  await scene?.stop()
  scene = undefined
  removeFolders()
})

/** Writes behind the back of the gate: rows as they would be, with seals that open with nothing. */
function addRows(folder: string, count: number, id: string, dueAt: string): void {
  const db = new DatabaseSync(sqliteFiles(folder).main, { timeout: 10_000 })
  const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`
  const at = new Date().toISOString()
  db.exec(`begin immediate;
    insert into data_keys (id, kek_id, wrapped) ${numbers} select '${id}-' || i, (select id from vault_keys limit 1), 'x' from n;
    insert into connections (id, connector, scheme, name, settings, tags, network, options, state, state_since, secrets,
      secrets_version, data_key_id, created_at, updated_at)
      ${numbers} select '${id}-' || i, 'generic-oauth2-cc', 'oauth2', 'x', '{}', '{}', '{}', '{}', 'ready', '${at}', 'x', 1,
      '${id}-' || i, '${at}', '${at}' from n;
    insert into connection_tokens (connection_id, sealed, version, due_at, failures, fence)
      ${numbers} select '${id}-' || i, 'x', 1, '${dueAt}', 0, 0 from n;
    commit`)
  db.close()
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

describe('in the background', () => {
  it('a connection that is never called is renewed before its end', async () => {
    scene = await startRotating({ settings: { accessSeconds: 10 } })
    const { settings } = scene.gate
    const first = await tokenOnDisk(settings)
    await until(async () => expect((await tokenOnDisk(settings))?.version).toBeGreaterThan(first?.version as number))
    const second = await tokenOnDisk(settings)
    const [ends, renewed] = [first?.token?.expires_at, second?.token?.obtained_at]
    expect(Date.parse(renewed ?? '')).toBeLessThan(Date.parse(ends ?? ''))
    expect(second?.token?.values.refresh_token).not.toBe(first?.token?.values.refresh_token)
    expect((await scene.connection()).state).toBe('ready')
    expect(scene.server.requests.filter(({ url }) => url.startsWith('/resource'))).toEqual([])
  })

  it('one that was only stored gets its first token before anybody calls', async () => {
    scene = await startClientOnly()
    const { gate } = scene
    await gate.api('POST', '/connections', clientCredentials(scene.server, { id: 'fresh' }))
    await until(async () => {
      const { body } = await gate.api('GET', '/connections/fresh')
      expect(body).toMatchObject({ state: 'ready', token: { expires_at: expect.any(String) } })
      expect(Date.parse(body.token.renew_at)).toBeGreaterThan(Date.now())
    })
  })

  it('40 that are due together are renewed once each, 4 at once', async () => {
    scene = await startClientOnly()
    const { gate, server } = scene
    const ids = Array.from({ length: 40 }, (_, i) => `due-${i}`)
    for (const id of ids) {
      const body = withRefreshToken(server, await agreedTo(server), { id })
      expect((await gate.api('POST', '/connections', body)).status).toBe(201)
    }
    server.slowTokens(30)
    const allFresh = async () => {
      for (const id of ids) expect((await tokenOnDisk(gate.settings, id))?.token?.values).toHaveProperty('access_token')
    }
    await until(allFresh)
    expect(server.peakTokenRequests()).toBeLessThanOrEqual(4)
    expect(server.granted('refresh_token')).toBe(40)
    expect(server.familiesKilled()).toBe(0)
  })

  it('what cannot be opened does not come first in every round', async () => {
    scene = await startRotating()
    const { settings } = scene.gate
    addRows(settings.data_dir, 100, 'broken', inSeconds(-9_999))
    const version = (await tokenOnDisk(settings))?.version as number
    await ageToken(settings, { ends: 600, renew: -1, due: -1 })
    await until(async () => expect((await tokenOnDisk(settings))?.version).toBe(version + 2))
    const { open } = await openInstallation(settings)
    expect(Date.parse((await open.store.tokens.get('broken-1'))?.due_at ?? '')).toBeGreaterThan(Date.now())
    await open.close()
  })

  it('connections that are suspended or wait for a person are left alone', async () => {
    scene = await startRotating()
    const { gate, server } = scene
    const { open } = await openInstallation(gate.settings)
    await open.store.connections.setState('svc', 'suspended', 'Restored', inSeconds(0))
    await ageToken(gate.settings, { ends: -1, due: -1 })
    const asked = server.requested('refresh_token')
    await gate.api('POST', '/connections', clientCredentials(server, { id: 'witness' }))
    await until(async () => expect((await tokenOnDisk(gate.settings, 'witness'))?.version).toBeGreaterThan(1))
    expect(server.requested('refresh_token')).toBe(asked)
    expect((await gate.api('POST', '/connections/svc/refresh')).body.code).toBe('reconnect_required')
    await gate.api('POST', '/connections/svc/activate')
    await until(() => expect(server.requested('refresh_token')).toBe(asked + 1))
    await open.close()
  })
})

describe('start-up with 10,000 connections', () => {
  it('reads none of them, and finds what is due by an index', async () => {
    const settings = await freshSettings('sqlite')
    await filledInstallation(settings, 0)
    addRows(settings.data_dir, 10_000, 'many', inSeconds(3_600))
    const calls: string[] = []
    const engine = await startEngine(settings, {
      store: (store) => ({
        ...store,
        connections: new Proxy(store.connections, {
          get: (_, name) => {
            calls.push(String(name))
            return Reflect.get(store.connections, name)
          },
        }),
      }),
    })
    const rows: number[] = []
    const tokens = {
      async due(now: string, limit: number, except?: readonly string[]) {
        const found = await engine.open.store.tokens.due(now, limit, except)
        rows.push(found.length)
        return found
      },
    }
    const log = { error: (fields: object) => calls.push(JSON.stringify(fields)), debug: () => undefined }
    const rounds = new RenewalRounds({ store: { tokens }, renewals: engine.renewals, log, now: Date.now })
    for (let i = 0; i < 3; i++) await rounds.round()
    rounds.close()
    await engine.close()
    expect([calls, rows]).toEqual([[], [0, 0, 0]])
    const db = new DatabaseSync(sqliteFiles(settings.data_dir).main)
    const plan = db
      .prepare(
        `explain query plan select c.id from connection_tokens t join connections c on c.id = t.connection_id
         where due_at <= '2030' and c.state in ('ready', 'degraded') order by due_at limit 8`,
      )
      .all()
    db.close()
    expect(JSON.stringify(plan)).toContain('connection_tokens_due')
  })
})
