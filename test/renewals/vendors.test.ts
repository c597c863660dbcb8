import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { basic, call } from '../support/vendors/calling.ts'
import { startHelloAsso } from '../support/vendors/helloasso.ts'
import { type OidcProvider, startOidcProvider } from '../support/vendors/oidc_provider.ts'
import { startTripletex, TRIPLETEX_ACCOUNTANT, TRIPLETEX_CONSUMER } from '../support/vendors/tripletex.ts'
import type { Vendor } from '../support/vendors/vendor.ts'
import { startWebCrm, WEBCRM_AUTH_CODE } from '../support/vendors/webcrm.ts'
import { helloassoClient, NEAR, tripletexBooks } from './connections.ts'
import { callThrough, newKey } from './scene.ts'
import { ageToken, tokenOnDisk } from './tokens.ts'

/** The shipped connectors behind a whole gate, against stand-ins of their vendors. */

let gate: TestGate
let vendor: Vendor
afterEach(async () => {
  await gate.stop()
  await vendor.stop()
})

/** The connection `svc`, tried, and how it is called. */
async function connect(body: object, grant: object = {}) {
  gate = await startTestGate()
  const made = await gate.api('POST', '/connections', { id: 'svc', verify: true, ...body })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  const key = await newKey(gate, grant)
  return (path: string, headers: Record<string, string> = {}) =>
    callThrough(gate.url, key, `/proxy/svc${path}`, { headers })
}

describe('HelloAsso', () => {
  it('uses its refresh token rather than log in again, and logs in when that is over', async () => {
    const helloasso = await startHelloAsso()
    vendor = helloasso
    const ask = await connect(helloassoClient(helloasso))
    for (let i = 0; i < 3; i++) {
      await ageToken(gate.settings, { ends: -1 })
      expect((await ask('/users/me/organizations')).status).toBe(200)
    }
    expect([helloasso.granted('client_credentials'), helloasso.granted('refresh_token')]).toEqual([1, 3])
    helloasso.revokeRefresh()
    await ageToken(gate.settings, { ends: -1 })
    expect((await ask('/users/me/organizations')).status).toBe(200)
    expect(helloasso.granted('client_credentials')).toBe(2)
  })

  it('is asked for 50 tokens an hour at most; then callers are told when there is one again', async () => {
    const helloasso = await startHelloAsso()
    vendor = helloasso
    const ask = await connect(helloassoClient(helloasso))
    for (let i = 0; i < 55; i++) {
      await ageToken(gate.settings, { ends: -1 })
      const { status, code, headers } = await ask('/users/me/organizations')
      if (status === 200) continue
      expect([i, status, code]).toEqual([49, 502, 'upstream_unreachable'])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_000)
      break
    }
    expect(helloasso.tokenRequests()).toBe(50)
    expect((await gate.api('GET', '/connections/svc')).body.state).toBe('degraded')
  })
})

describe('webCRM', () => {
  it('logs in again when the hour is over, and when its token is refused', async () => {
    const webcrm = await startWebCrm()
    vendor = webcrm
    const ask = await connect({
      connector: 'webcrm',
      settings: { login_url: `${webcrm.url}/Auth/ApiLogin`, base_url: webcrm.url },
      secrets: { api_key: WEBCRM_AUTH_CODE },
      network: NEAR,
    })
    expect((await ask('/Persons')).status).toBe(200)
    await ageToken(gate.settings, { ends: -1 })
    expect((await ask('/Persons')).status).toBe(200)
    webcrm.revokeTokens()
    expect((await ask('/Persons')).status).toBe(200)
    expect(webcrm.tokensIssued()).toBe(3)
    webcrm.settings.codeValid = false
    await ageToken(gate.settings, { ends: -1 })
    expect((await ask('/Persons')).code).toBe('reconnect_required')
  })
})

describe('Tripletex', () => {
  it('the company of a call: only what the grant lists, by a name that is known, once', async () => {
    const tripletex = await startTripletex()
    vendor = tripletex
    const secrets = { consumer_token: TRIPLETEX_CONSUMER, employee_token: TRIPLETEX_ACCOUNTANT.token }
    const ask = await connect(tripletexBooks(tripletex, { secrets }), { params: { company: ['601'] } })
    const customers = (headers: Record<string, string>) => ask('/v2/customer', headers)
    const allowed = await customers({ 'Octroi-Param-Company': '601' })
    expect([allowed.status, allowed.body.values[0].name]).toEqual([200, 'Kunde of 601'])
    expect(tripletex.requests.at(-1)?.header('octroi-param-company')).toBeUndefined()
    const before = tripletex.requests.length
    expect((await customers({ 'Octroi-Param-Company': '602' })).code).toBe('not_granted')
    for (const headers of [{ 'Octroi-Param-Compnay': '601' }, { 'Octroi-Param-': '601' }]) {
      const { status, code, body } = await customers(headers as unknown as Record<string, string>)
      expect([status, code]).toEqual([400, 'invalid_request'])
      expect(body.errors[0].path).toBe(Object.keys(headers)[0]?.toLowerCase())
    }
    expect(tripletex.requests.length).toBe(before)
    tripletex.revokeSessions()
    expect((await customers({ 'Octroi-Param-Company': '601' })).body.values[0].name).toBe('Kunde of 601')
  })

  it('20 parallel calls on sessions that were revoked create one', async () => {
    const tripletex = await startTripletex()
    vendor = tripletex
    tripletex.refuseConcurrentCreation(true)
    const ask = await connect(tripletexBooks(tripletex))
    const minted = tripletex.sessionsMinted()
    tripletex.revokeSessions()
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/v2/customer')))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(tripletex.sessionsMinted() - minted).toBe(1)
  })
})

const REDIRECT = 'http://127.0.0.1:4010/connect/callback'
const VERIFIER = 'v'.repeat(43)

/** The refresh token of somebody who signs in, with the cookies and redirects of a browser. */
async function signedIn(provider: OidcProvider): Promise<string> {
  const query = new URLSearchParams({
    ...{ client_id: provider.clientId, redirect_uri: REDIRECT, response_type: 'code', prompt: 'consent', state: 'st' },
    ...{ scope: 'openid offline_access', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  })
  const cookies = new Map<string, string>()
  let next = `${provider.url}/auth?${query}`
  for (let hops = 0; next.startsWith(provider.url) && hops < 10; hops++) {
    const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { headers } = await call(`GET ${next}`, { headers: { Cookie } })
    for (const [name = '', value = ''] of headers.getSetCookie().map((set) => (set.split(';')[0] ?? '').split(/=(.*)/)))
      cookies.set(name, value)
    next = new URL(headers.get('location') ?? 'none:', next).href
  }
  const code = new URL(next).searchParams.get('code') ?? ''
  const { body } = await call(`POST ${provider.url}/token`, {
    form: { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER },
    headers: { Authorization: basic(provider.clientId, provider.clientSecret) },
  })
  return body.refresh_token
}

describe('an OpenID provider that ends the whole grant when a refresh token comes twice', () => {
  it('is renewed many times in a row under parallel calls, and nothing is ever ended', async () => {
    const provider = await startOidcProvider({ redirectUris: [REDIRECT] })
    vendor = provider
    const ask = await connect({
      connector: 'generic-oauth2',
      settings: {
        base_url: provider.url,
        authorization_url: `${provider.url}/auth`,
        token_url: `${provider.url}/token`,
        test_path: '/resource',
      },
      secrets: {
        client_id: provider.clientId,
        client_secret: provider.clientSecret,
        oauth_refresh_token: await signedIn(provider),
      },
      network: NEAR,
    })
    for (let i = 0; i < 10; i++) {
      await ageToken(gate.settings, { ends: -1 })
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/resource')))
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    }
    expect(provider.grants).toMatchObject({ refused: 0, revoked: 0 })
    expect((await tokenOnDisk(gate.settings))?.failures).toBe(0)
    provider.revokeAll()
    expect((await ask('/resource')).code).toBe('reconnect_required')
  })
})
