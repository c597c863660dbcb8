import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TestGate } from '../support/gate.ts'
import { call } from '../support/vendors/calling.ts'
import { openVendor, type Vendor } from '../support/vendors/vendor.ts'
import { startWebCrm, WEBCRM_AUTH_CODE, type WebCrm } from '../support/vendors/webcrm.ts'
import { caller, credentials, NEAR, onboard, refusedBy, startPublicGate } from './person.ts'

/** The scheme jwt behind a running gate: webCRM by the shipped connector, which is what the scheme was made for. */

let gate: TestGate
let webcrm: WebCrm
beforeEach(async () => {
  webcrm = await startWebCrm()
  gate = await startPublicGate()
})
afterEach(async () => {
  await gate.stop()
  await webcrm.stop()
})

const settings = () => ({ base_url: webcrm.url, login_url: `${webcrm.url}/Auth/ApiLogin` })
const session = () => ({ connector: 'webcrm', connection_id: 'crm', settings: settings(), network: NEAR })
const TYPED = { 'secrets.api_key': WEBCRM_AUTH_CODE }

const taken = async (token: string | undefined) =>
  (await call(`GET ${webcrm.url}/Persons`, { headers: { Authorization: `bearer ${token}` } })).status

it('S2-19: without api_key a connection is refused by its name', async () => {
  const connection = { connector: 'webcrm', settings: settings(), secrets: {}, network: NEAR }
  expect(await refusedBy(gate, connection)).toEqual(['secrets.api_key is required'])
})

it('S2-19: the api_key is what the token is asked for with, and goes nowhere else', async () => {
  await onboard(gate, session(), TYPED)
  expect((await (await caller(gate, 'crm'))('/Persons')).status).toBe(200)
  const [login, ...calls] = webcrm.requests
  expect([login?.method, login?.url]).toEqual(['POST', '/Auth/ApiLogin'])
  expect(login?.body.toString()).toContain(WEBCRM_AUTH_CODE)
  expect(calls.length).toBeGreaterThan(0)
  for (const { url, rawHeaders, body } of calls) expect(`${url} ${rawHeaders} ${body}`).not.toContain(WEBCRM_AUTH_CODE)
})

it('S2-20: jwt_access_token is there after onboarding, webCRM takes it, and it is renewed when it ended', async () => {
  await onboard(gate, session(), TYPED)
  const before = (await credentials(gate, 'crm')).jwt_access_token
  expect([await taken(before), webcrm.tokensIssued()]).toEqual([200, 1])
  webcrm.revokeTokens()
  const ask = await caller(gate, 'crm')
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask('/Persons')))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect(webcrm.tokensIssued()).toBe(2)
  const after = (await credentials(gate, 'crm')).jwt_access_token
  expect([after === before, await taken(after)]).toEqual([false, 200])
})

it('S2-20: it is renewed before its end: whoever reads it gets one with time left', async () => {
  webcrm.settings.expiresIn = 1
  await onboard(gate, session(), TYPED)
  const before = (await credentials(gate, 'crm')).jwt_access_token
  webcrm.settings.expiresIn = 3600
  for (let i = 0; i < 200 && (await taken(before)) === 200; i++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(await taken((await credentials(gate, 'crm')).jwt_access_token)).toBe(200)
})

it('S2-21: jwt_refresh_token is injected beside it', async () => {
  await onboard(gate, session(), TYPED)
  expect(Object.keys(await credentials(gate, 'crm')).sort()).toEqual(['jwt_access_token', 'jwt_refresh_token'])
})

/** A service that takes its refresh token back, once each, and says which way a token came about. */
async function startRefreshing(): Promise<Vendor & { logins: () => number; refreshes: () => number }> {
  const counts = { login: 0, refresh: 0 }
  let access = ''
  let refresh = ''
  const give = (by: keyof typeof counts) => {
    counts[by]++
    access = `${by}-access-${counts[by]}`
    refresh = `${by}-refresh-${counts[by]}`
    return { status: 200, body: { AccessToken: access, RefreshToken: refresh, ExpiresIn: 3600 } }
  }
  const vendor = await openVendor({
    unknown: () => ({ status: 404 }),
    outage: (status) => ({ status }),
    routes: () => [
      {
        method: 'POST',
        path: /^\/login$/,
        token: true,
        answer: (request) => (request.header('x-api-key') === 'lasting' ? give('login') : { status: 401 }),
      },
      {
        method: 'POST',
        path: /^\/refresh$/,
        token: true,
        answer: ({ body }) => (JSON.parse(body).RefreshToken === refresh ? give('refresh') : { status: 401 }),
      },
      {
        method: 'GET',
        path: /^\/me$/,
        answer: (request) => ({ status: request.header('authorization') === `bearer ${access}` ? 200 : 401 }),
      },
    ],
  })
  return { ...vendor, logins: () => counts.login, refreshes: () => counts.refresh }
}

it('S2-21: where the service takes it back, jwt_refresh_token brings the next token, and the key is not sent again', async () => {
  const service = await startRefreshing()
  const made = await gate.api('POST', '/connections', {
    id: 'acme',
    connector: 'generic-jwt',
    settings: {
      base_url: service.url,
      login_url: `${service.url}/login`,
      refresh_url: `${service.url}/refresh`,
      test_path: '/me',
    },
    secrets: { api_key: 'lasting' },
    network: NEAR,
    verify: true,
  })
  expect(made.body).toMatchObject({ state: 'ready' })
  expect(await credentials(gate, 'acme')).toMatchObject({ jwt_refresh_token: 'login-refresh-1' })
  for (let turn = 1; turn <= 2; turn++) {
    expect((await gate.api('POST', '/connections/acme/refresh')).status).toBe(200)
    expect(await credentials(gate, 'acme')).toMatchObject({
      jwt_access_token: `refresh-access-${turn}`,
      jwt_refresh_token: `refresh-refresh-${turn}`,
    })
    expect((await (await caller(gate, 'acme'))('/me')).status).toBe(200)
  }
  expect([service.logins(), service.refreshes()]).toEqual([1, 2])
  await service.stop()
})
