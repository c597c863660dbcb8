import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Settings } from '../../src/config/settings.ts'
import { endProcesses, request, type Serving, serve } from '../faults/gate_process.ts'
import { filledInstallation, freshSettings, removeFolders } from '../faults/places.ts'
import { stopSharedPostgres } from '../support/postgres.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { agreedTo, withRefreshToken } from './connections.ts'
import { until } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** Two gates, two processes, one PostgreSQL: the lease in the store keeps the second one from asking. */

let settings: Settings
let server: OAuth2Server
let gates: [Serving, Serving]
let admin = ''
let key = ''

beforeEach(async () => {
  settings = await freshSettings('postgres')
  admin = await filledInstallation(settings, 0)
  server = await startOAuth2Server()
  gates = await Promise.all([serve(settings), serve(settings)])
  const body = withRefreshToken(server, await agreedTo(server), { id: 'svc', verify: true })
  expect((await request(gates[0].url, 'POST', '/api/v1/connections', admin, body))?.status).toBe(201)
  const grants = [{ connection: 'svc', allow: ['* /**'] }]
  key = (await request(gates[1].url, 'POST', '/api/v1/keys', admin, { name: 'a program', grants }))?.body.key
  await until(async () => {
    for (const gate of gates) expect((await call(gate))?.status).toBe(200)
  })
})
afterEach(async () => {
  await endProcesses()
  await server.stop()
  removeFolders()
})
afterAll(() => stopSharedPostgres())

const call = (gate: Serving) => request(gate.url, 'GET', '/proxy/svc/resource/x', key)
const calls = async (count: number) =>
  (await Promise.all(Array.from({ length: count }, (_, i) => call(gates[i % 2] as Serving)))).map((a) => a?.status)

describe('two processes on one PostgreSQL', () => {
  it.each([0, 8_000])(
    'one token request for 20 parallel calls on an expired token, answered after %i ms; all 20 succeed',
    async (ms) => {
      await ageToken(settings, { ends: -1 })
      // One that is a second behind still sends the old token, and meets a refusal.
      server.revokeAccess()
      server.slowTokens(ms)
      const before = server.tokenRequests()
      expect(await calls(20)).toEqual(Array(20).fill(200))
      expect(server.tokenRequests() - before).toBe(1)
      expect(server.peakTokenRequests()).toBe(1)
      expect(server.familiesKilled()).toBe(0)
    },
  )

  it('renewals in a row from both, by use, by refusal and in the background, never kill the family', async () => {
    for (let i = 0; i < 12; i++) {
      const seen = (await tokenOnDisk(settings))?.version ?? 0
      if (i === 2) server.revokeAccess()
      else await ageToken(settings, i % 2 ? { ends: -1, due: -1 } : { ends: 600, renew: -1, due: -1 })
      expect(await calls(8)).toEqual(Array(8).fill(200))
      // To age it is a version of its own.
      const renewed = seen + (i === 2 ? 1 : 2)
      await until(async () => expect((await tokenOnDisk(settings))?.version).toBe(renewed))
    }
    expect(server.familiesKilled()).toBe(0)
    expect(server.peakTokenRequests()).toBe(1)
    expect(server.granted('refresh_token')).toBe(1 + 12)
    expect((await request(gates[0].url, 'GET', '/api/v1/connections/svc', admin))?.body.state).toBe('ready')
  })

  it('a token that one of them renewed is used by the other within a second', async () => {
    const asked = await request(gates[0].url, 'POST', '/api/v1/connections/svc/refresh', admin)
    expect(asked?.status).toBe(200)
    const token = (await tokenOnDisk(settings))?.token?.values.access_token
    await until(async () => {
      await call(gates[1])
      expect(server.requests.at(-1)?.header('authorization')).toBe(`Bearer ${token}`)
    })
  })

  it('one that is stopped in the middle of a renewal leaves its result to the other', async () => {
    await ageToken(settings, { ends: 600, renew: -1 })
    server.slowTokens(1_500)
    const before = server.tokenRequests()
    await until(async () => {
      expect((await call(gates[0]))?.status).toBe(200)
      expect(server.tokenRequests()).toBe(before + 1)
    })
    expect(await gates[0].kill('SIGTERM')).toBe(0)
    server.slowTokens(0)
    await ageToken(settings, { ends: -1 })
    await until(async () => expect((await call(gates[1]))?.status).toBe(200))
    expect(server.familiesKilled()).toBe(0)
  })
})
