import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { clientCredentials } from '../renewals/connections.ts'
import { onboard, startPublicGate } from '../requirements/person.ts'
import type { TestGate } from '../support/gate.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { startTripletex, TRIPLETEX_CONSUMER, TRIPLETEX_EMPLOYEE } from '../support/vendors/tripletex.ts'
import { suspend } from './suspend.ts'

/** A connection that is deleted takes its token along at the service, where the service lets it. */

const NEAR = { allow_private: true, allow_http: true }

let gate: TestGate
let server: OAuth2Server
beforeEach(async () => {
  gate = await startPublicGate()
  server = await startOAuth2Server({ settings: { redirectUris: [`${gate.url}/connect/callback/generic-oauth2/crm`] } })
})
afterEach(async () => {
  await gate.stop()
  await server.stop()
})

async function connect(): Promise<void> {
  const settings = {
    base_url: server.url,
    authorization_url: `${server.url}/authorize`,
    token_url: `${server.url}/token`,
    revocation_url: `${server.url}/revoke`,
  }
  const session = { connector: 'generic-oauth2', connection_id: 'crm', settings, network: NEAR }
  const typed = { 'secrets.client_id': server.clientId, 'secrets.client_secret': server.clientSecret }
  await onboard(gate, session, typed)
}
const remove = () => gate.api('DELETE', '/connections/crm')

it('OAuth 2.0: the refresh token and what came of it are revoked (RFC 7009)', async () => {
  await connect()
  expect((await remove()).status).toBe(204)
  expect(server.revocations()).toBeGreaterThan(0)
  const token = server.requests.find(({ url }) => url === '/revoke')
  expect(token?.body.toString()).toContain('token_type_hint=refresh_token')
  expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
})

it('Tripletex: the session is ended', async () => {
  const tripletex = await startTripletex()
  const secrets = { consumer_key: TRIPLETEX_CONSUMER, employee_token: TRIPLETEX_EMPLOYEE.token }
  const body = { id: 'crm', connector: 'tripletex', settings: { base_url: tripletex.url }, secrets, network: NEAR }
  expect((await gate.api('POST', '/connections', { ...body, verify: true })).status).toBe(201)
  expect(tripletex.sessionsAlive()).toBe(1)
  expect((await remove()).status).toBe(204)
  expect(tripletex.sessionsAlive()).toBe(0)
  await tripletex.stop()
})

it('a service that is down, or never answers, keeps nobody from deleting', async () => {
  await connect()
  await server.down()
  expect((await remove()).status).toBe(204)
  expect((await gate.api('GET', '/connections/crm')).status).toBe(404)
})

it('a service that never answers is waited for a few seconds, no longer', async () => {
  await connect()
  const { url, silent } = await silence()
  const moved = { settings: { revocation_url: `${url}/revoke` }, network: NEAR }
  const secrets = { client_id: server.clientId, client_secret: server.clientSecret, oauth_access_token: 'given' }
  expect((await gate.api('PATCH', '/connections/crm', { ...moved, secrets })).status).toBe(200)
  expect((await remove()).status).toBe(204)
  expect(silent.asked()).toBe(1)
  silent.end()
})

/** Takes requests and never answers. */
async function silence() {
  const server = createServer(() => asked++)
  let asked = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const end = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, silent: { asked: () => asked, end } }
}

it('where nothing was exchanged, or the service revokes nothing, nothing is asked', async () => {
  const body = { ...clientCredentials(server), id: 'crm', network: NEAR }
  expect((await gate.api('POST', '/connections', body)).status).toBe(201)
  const before = server.requests.length
  expect((await remove()).status).toBe(204)
  expect(server.requests.length).toBe(before)
})

it('D15: the token of a suspended connection is another installation’s, and goes on working', async () => {
  await connect()
  await suspend(gate, 'crm')
  expect((await remove()).status).toBe(204)
  expect(server.revocations()).toBe(0)
})

it('what is refused deletes nothing and revokes nothing', async () => {
  await connect()
  const { body } = await gate.api('POST', '/keys', { name: 'reader', permissions: ['connections.read'] })
  expect((await gate.api('DELETE', '/connections/crm', undefined, { key: body.key })).status).toBe(403)
  expect(server.revocations()).toBe(0)
  expect((await gate.api('GET', '/connections/crm')).status).toBe(200)
})
