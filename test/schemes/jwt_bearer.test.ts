import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { validateSecrets, validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { parseConnector } from '../../src/outbound/connectors/connector.ts'
import type { StepRequest } from '../../src/outbound/exchange.ts'
import type { ConnectionSecrets, Values } from '../../src/outbound/scheme.ts'
import { jwtBearer } from '../../src/outbound/schemes/jwt_bearer.ts'
import { call, testClock } from '../support/vendors/calling.ts'
import { JWT_BEARER, type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'

const clock = testClock()
const exchange = jwtBearer.exchange!
const context = { now: clock.now, fetch: overSocket }
let server: OAuth2Server

beforeEach(async () => {
  clock.set('2026-11-21T12:00:00Z')
  server = await startOAuth2Server({ now: clock.now })
})
afterEach(() => server.stop())

async function overSocket({ method, url, headers, body }: StepRequest) {
  const response = await fetch(url, { method, redirect: 'manual', headers: { ...headers }, body: body ?? null })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function connect(id: string, settings: Values, secrets: Values): ConnectionSecrets {
  const file = join(import.meta.dirname, `../../connectors/${id}.yaml`)
  const connector = parseConnector(readFileSync(file, 'utf8'), file)
  return {
    connector,
    settings: validateSettings(connector, settings),
    secrets: validateSecrets(connector, 'jwt_bearer', secrets),
  }
}

const generic = (secrets: Values) => {
  const settings = { base_url: server.url, token_url: `${server.url}/token` }
  const claims = { issuer: server.assertionIssuer, subject: 'user-1', scope: 'read' }
  return connect('generic-jwt-bearer', { ...settings, ...claims }, secrets)
}

async function status(connection: ConnectionSecrets): Promise<number> {
  const [name = '', value = ''] = jwtBearer.sign(connection).headers
  return (await call(`GET ${server.url}/resource`, { headers: { [name]: value } })).status
}

it.each(['pem', 'pkcs1Pem'] as const)('a key as %s: a token, its end, another one', async (form) => {
  const connection = generic({ private_key: server.assertionKey[form] })
  const first = await exchange.run(connection, context)
  expect(await status({ ...connection, token: first.values })).toBe(200)
  clock.advance(3601)
  expect(await status({ ...connection, token: first.values })).toBe(401)
  const second = await exchange.run({ ...connection, token: first.values }, context)
  expect(await status({ ...connection, token: second.values })).toBe(200)
  expect(server.granted(JWT_BEARER)).toBe(2)
})

it('a Google key file, pasted whole', async () => {
  server.settings.subjectOptional = true
  const file = { client_email: server.assertionIssuer, private_key: server.assertionKey.pem, private_key_id: 'k' }
  const settings = { token_url: `${server.url}/token`, scope: 'read' }
  const connection = connect('google-service-account', settings, { service_account_json: JSON.stringify(file) })
  const { values } = await exchange.run(connection, context)
  expect(await status({ ...connection, token: values })).toBe(200)
})

it('Salesforce: no end, and an address of its own', async () => {
  Object.assign(server.settings, {
    expiry: 'absent',
    audience: server.url,
    extra: { instance_url: 'https://a.my.salesforce.com' },
  })
  const settings = { login_url: server.url, username: 'user@acme.example' }
  const secrets = { client_id: server.assertionIssuer, private_key: server.assertionKey.pem }
  const got = await exchange.run(connect('salesforce-jwt', settings, secrets), context)
  expect(got).toMatchObject({ expiresAt: null, values: { instance_url: 'https://a.my.salesforce.com' } })
})

it.each([
  [{ tokenError: 'consent_required' }, 'human'],
  [{ tokenError: 'invalid_grant', errorStatus: 401 }, 'human'],
  [{ tokenError: 'server_error', errorStatus: 400 }, 'transient'],
])('%j is %s', async (settings, kind) => {
  Object.assign(server.settings, settings)
  await expect(exchange.run(generic({ private_key: server.assertionKey.pem }), context)).rejects.toMatchObject({ kind })
})

it('human with the key of somebody else', async () => {
  const connection = generic({ private_key: server.clientKey.pem })
  await expect(exchange.run(connection, context)).rejects.toMatchObject({ kind: 'human' })
})
