import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TestGate } from '../support/gate.ts'
import { call } from '../support/vendors/calling.ts'
import { type OAuth2Server, startOAuth2Server } from '../support/vendors/oauth2_server.ts'
import { type OidcProvider, startOidcProvider } from '../support/vendors/oidc_provider.ts'
import { callbackOf, caller, credentials, NEAR, onboard, refusedBy, startPublicGate } from './person.ts'

/** The scheme oauth2 behind a running gate: a person agrees at the service, and programs get what is injected. */

let gate: TestGate
let server: OAuth2Server
beforeEach(async () => {
  gate = await startPublicGate()
  server = await startOAuth2Server({ settings: { redirectUris: [callbackOf(gate, 'generic-oauth2', 'crm')] } })
})
afterEach(async () => {
  await gate.stop()
  await server.stop()
})

const settings = () => ({
  base_url: server.url,
  authorization_url: `${server.url}/authorize`,
  token_url: `${server.url}/token`,
  scope: 'read offline_access',
  test_path: '/whoami',
})
const session = () => ({ connector: 'generic-oauth2', connection_id: 'crm', settings: settings(), network: NEAR })
const client = () => ({ client_id: server.clientId, client_secret: server.clientSecret })
const typed = () => ({ 'secrets.client_id': server.clientId, 'secrets.client_secret': server.clientSecret })

/** Whether the service itself takes it. */
const taken = async (token: string | undefined) =>
  (await call(`GET ${server.url}/resource`, { headers: { Authorization: `Bearer ${token}` } })).status

it('S2-02: without client_id and client_secret a connection is refused, each by its name', async () => {
  const alone = { connector: 'generic-oauth2-cc', settings: { base_url: server.url, token_url: `${server.url}/token` } }
  const missing = await refusedBy(gate, { ...alone, network: NEAR, secrets: {} })
  expect(missing).toEqual(['secrets.client_id is required', 'secrets.client_secret is required'])
  const half = { client_id: server.clientId }
  expect(await refusedBy(gate, { ...alone, network: NEAR, secrets: half })).toEqual([
    'secrets.client_secret is required',
  ])
})

it('S2-02: a person is asked for client_id and client_secret, and for nothing that is known already', async () => {
  const { asked } = await onboard(gate, { ...session(), settings: { ...settings(), issuer: server.url } }, typed())
  expect(asked).toEqual(['secrets.client_id', 'secrets.client_secret'])
})

it('S2-03: the client secret is in no answer, in no address that a browser saw, and in no file in clear', async () => {
  await onboard(gate, session(), typed())
  const ask = await caller(gate, 'crm')
  expect((await ask('/whoami')).status).toBe(200)
  const paths = ['/connections/crm', '/connections', '/events?limit=200', '/audit?limit=200', '/status']
  const answers = await Promise.all(paths.map(async (path) => JSON.stringify((await gate.api('GET', path)).body)))
  const seen = server.requests.filter(({ method }) => method === 'GET').map(({ url }) => url)
  expect(answers.join()).toContain('generic-oauth2')
  const needles = [server.clientSecret, encodeURIComponent(server.clientSecret)]
  for (const text of [...answers, ...seen]) for (const needle of needles) expect(text).not.toContain(needle)
  const folder = gate.settings.data_dir
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const stored = files.map((file) => join(folder, file)).filter((path) => statSync(path).isFile())
  expect(stored.some((path) => path.endsWith('octroi.db'))).toBe(true)
  for (const path of stored) expect([path, readFileSync(path).includes(server.clientSecret)]).toEqual([path, false])
})

it('S2-04: after onboarding oauth_access_token is there and the service takes it', async () => {
  await onboard(gate, session(), typed())
  const { oauth_access_token } = await credentials(gate, 'crm')
  expect([await taken(oauth_access_token), server.granted('authorization_code')]).toEqual([200, 1])
})

it('S2-04: with tokens that were obtained elsewhere a connection begins, and nobody has to agree again', async () => {
  await onboard(gate, session(), typed())
  const { oauth_refresh_token } = await credentials(gate, 'crm')
  const secrets = { ...client(), oauth_refresh_token }
  const body = { id: 'moved', connector: 'generic-oauth2', settings: settings(), secrets, network: NEAR, verify: true }
  expect((await gate.api('POST', '/connections', body)).body).toMatchObject({ id: 'moved', state: 'ready' })
  const { oauth_access_token } = await credentials(gate, 'moved')
  expect([await taken(oauth_access_token), server.granted('authorization_code')]).toEqual([200, 1])
})

it('S2-05: oauth_client_id is injected as it was configured', async () => {
  await onboard(gate, session(), typed())
  expect(await credentials(gate, 'crm')).toMatchObject({ oauth_client_id: server.clientId })
})

it('S2-06: oauth_client_secret is injected under its exact name, to whoever was granted to read credentials alone', async () => {
  await onboard(gate, session(), typed())
  expect(Object.keys(await credentials(gate, 'crm')).sort()).toEqual([
    'oauth_access_token',
    'oauth_client_id',
    'oauth_client_secret',
    'oauth_refresh_token',
  ])
  expect((await credentials(gate, 'crm')).oauth_client_secret).toBe(server.clientSecret)
  const grants = [{ connection: 'crm', allow: ['* /**'] }]
  const permissions = ['connections.read_credentials']
  const { body } = await gate.api('POST', '/keys', { name: 'half', grants, permissions })
  const refused = await gate.api('GET', '/connections/crm/credentials', undefined, { key: body.key })
  expect([refused.status, refused.body.code]).toEqual([403, 'not_granted'])
})

it('S2-06: through the proxy the caller sees neither secret nor token, and the service gets the token alone', async () => {
  await onboard(gate, session(), typed())
  const { oauth_access_token = '' } = await credentials(gate, 'crm')
  const answer = await (await caller(gate, 'crm'))('/whoami')
  const returned = `${JSON.stringify([...answer.headers])} ${await answer.text()}`
  expect(answer.status).toBe(200)
  const sent = server.requests.at(-1)
  expect(sent?.header('authorization')).toBe(`Bearer ${oauth_access_token}`)
  for (const needle of [server.clientSecret, encodeURIComponent(server.clientSecret)])
    expect(`${returned} ${sent?.rawHeaders} ${sent?.url}`).not.toContain(needle)
  expect(returned).not.toContain(oauth_access_token)
})

it('S2-07: with a token that ended, many calls at once cause one refresh, and all of them pass', async () => {
  await onboard(gate, session(), typed())
  const before = await credentials(gate, 'crm')
  server.revokeAccess()
  const ask = await caller(gate, 'crm')
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/resource')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect([server.granted('refresh_token'), server.peakTokenRequests()]).toEqual([1, 1])
  const after = await credentials(gate, 'crm')
  expect(after.oauth_access_token).not.toBe(before.oauth_access_token)
  expect(after.oauth_refresh_token).not.toBe(before.oauth_refresh_token)
})

it('S2-07: a refresh token that was replaced is on disk: after a restart the next one is used, and no family dies', async () => {
  await onboard(gate, session(), typed())
  for (let turn = 0; turn < 3; turn++) {
    expect((await gate.api('POST', '/connections/crm/refresh')).status).toBe(200)
    await gate.restart()
  }
  expect([server.granted('refresh_token'), server.familiesKilled()]).toEqual([3, 0])
  expect(await taken((await credentials(gate, 'crm')).oauth_access_token)).toBe(200)
})

it('S2-07: whoever reads credentials gets a token with time left, refreshed where the old one is about to end', async () => {
  server.settings.accessSeconds = 1
  await onboard(gate, session(), typed())
  const before = (await credentials(gate, 'crm')).oauth_access_token
  server.settings.accessSeconds = 3600
  // The token of one second ends by itself.
  for (let i = 0; i < 200 && (await taken(before)) === 200; i++) await new Promise((resolve) => setTimeout(resolve, 25))
  const after = (await credentials(gate, 'crm')).oauth_access_token
  expect(after).not.toBe(before)
  expect(await taken(after)).toBe(200)
})

it('S2-07: the same at a certified OpenID provider that replaces refresh tokens', async () => {
  const provider: OidcProvider = await startOidcProvider({ redirectUris: [callbackOf(gate, 'generic-oauth2', 'sso')] })
  const at = {
    base_url: provider.url,
    authorization_url: `${provider.url}/auth`,
    token_url: `${provider.url}/token`,
    revocation_url: `${provider.url}/token/revocation`,
    issuer: provider.issuer,
    scope: 'openid offline_access',
    test_path: '/resource',
  }
  const body = { connector: 'generic-oauth2', connection_id: 'sso', settings: at, network: NEAR }
  await onboard(gate, body, { 'secrets.client_id': provider.clientId, 'secrets.client_secret': provider.clientSecret })
  provider.revokeAccess()
  const ask = await caller(gate, 'sso')
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/resource')))
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
  expect(provider.grants).toMatchObject({ succeeded: 2, refused: 0, revoked: 0 })
  await provider.stop()
})
