import { afterEach, describe, expect, it } from 'vitest'
import { NEAR } from '../gateway/scene.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { type HelloAsso, startHelloAsso } from '../support/vendors/helloasso.ts'

/** What a service allows one client is for all tenants that share the client: one of them must not use it up. */

let gate: TestGate
let vendor: HelloAsso
afterEach(async () => {
  await gate.stop()
  await vendor.stop()
})

describe('the token requests of a shared application', () => {
  it('200 for a tenant whose neighbour refreshes all the time', async () => {
    vendor = await startHelloAsso()
    gate = await startTestGate()
    const app = {
      settings: { api_url: vendor.url },
      secrets: { client_id: vendor.clientId, client_secret: vendor.clientSecret },
      network: NEAR,
    }
    expect((await gate.api('PUT', '/connectors/helloasso/app', app)).status).toBe(200)
    const make = (id: string) =>
      gate.api('POST', '/connections', { id, connector: 'helloasso', secrets: {}, tags: { tenant: id } })
    expect((await make('loud')).status).toBe(201)
    const permission = { permission: 'connections.write', tags: { tenant: 'loud' } }
    const { key } = (await gate.api('POST', '/keys', { name: 'loud', permissions: [permission] })).body
    const statuses = new Set<number>()
    for (let i = 0; i < 60; i++)
      statuses.add((await gate.api('POST', '/connections/loud/refresh', undefined, { key })).status)
    expect((await make('quiet')).status).toBe(201)
    const grants = [{ connection: 'quiet', allow: ['GET /**'] }]
    const quiet = (await gate.api('POST', '/keys', { name: 'quiet', grants })).body.key
    const path = `${gate.url}/proxy/quiet/users/me/organizations`
    const answer = await fetch(path, { headers: { authorization: `Bearer ${quiet}` } })
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)])
    expect(statuses).toEqual(new Set([200, 502]))
  })
})
