import { createHash, createPrivateKey, sign } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { basic, call, testClock } from './calling.ts'
import { rsaPair } from './rsa_pair.ts'
import { IDENTITY, type SuperOffice, startSuperOffice } from './superoffice.ts'

let so: SuperOffice
const clock = testClock()
const OTHER = rsaPair().privateKey
const REDIRECT = 'https://gate.example/connect/callback'

beforeEach(async () => {
  clock.set('2026-11-21T12:00:30Z')
  so = await startSuperOffice({ now: clock.now, redirectUris: [REDIRECT] })
})
afterEach(() => so.stop())

const authorize = async (parameters: Record<string, string> = {}) => {
  const query = new URLSearchParams({
    client_id: so.app.clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid',
    state: 'st',
    nonce: 'n1',
    ...parameters,
  })
  const answer = await call(`GET ${so.url}/login/common/oauth/authorize?${query}`)
  return { ...answer, back: new URL(answer.headers.get('location') ?? 'none:').searchParams }
}
const tokens = (form: Record<string, string>, secret = so.app.clientSecret) =>
  call(`POST ${so.url}/login/common/oauth/tokens`, {
    form,
    headers: { Authorization: basic(so.app.clientId, secret) },
  })
const exchange = async (parameters: Record<string, string> = {}, verifier?: string) =>
  tokens({
    grant_type: 'authorization_code',
    code: (await authorize(parameters)).back.get('code') ?? '',
    redirect_uri: REDIRECT,
    ...(verifier !== undefined && { code_verifier: verifier }),
  })

describe('sign-in', () => {
  it('the issuer is the host, and the id_token is signed by the key of its kid, which is not the first', async () => {
    const metadata = (await call(`GET ${so.url}/login/.well-known/openid-configuration`)).body
    expect([metadata.issuer, metadata.token_endpoint]).toEqual([so.url, `${so.url}/login/common/oauth/tokens`])
    const { body } = await exchange()
    const keys = (await call(`GET ${metadata.jwks_uri}`)).body
    expect(keys.keys.map(({ kid }: { kid: string }) => kid)).toEqual(['superid-1', 'superid-2'])
    const claims = decodeJwt(body.id_token)
    expect(claims).toMatchObject({ iss: so.url, aud: so.app.clientId, nonce: 'n1', [`${IDENTITY}ctx`]: 'Cust26759' })
    expect(claims[`${IDENTITY}system_token`]).toBe(so.systemToken)
    expect(typeof claims.iat).toBe('string')
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, access_token: /^8A:Cust26759\./ })
  })

  it('no system token when the one who approves is no administrator', async () => {
    so.settings.approvedBy = 'user'
    const claims = decodeJwt((await exchange()).body.id_token)
    expect([`${IDENTITY}system_token` in claims, claims[`${IDENTITY}is_administrator`]]).toEqual([false, 'False'])
  })

  it('400 without a redirect for an address that is not registered; an error goes back with the state', async () => {
    expect((await authorize({ redirect_uri: 'https://evil.example/' })).status).toBe(400)
    so.settings.signInError = 'access_denied'
    const { back } = await authorize()
    expect([back.get('error'), back.get('state'), back.get('code')]).toEqual(['access_denied', 'st', null])
  })

  it('PKCE is plain unless S256 is named: a hashed challenge without its method is refused', async () => {
    const verifier = 'v'.repeat(43)
    const hashed = createHash('sha256').update(verifier).digest('base64url')
    expect((await exchange({ code_challenge: hashed }, verifier)).body).toEqual({ error: 'invalid_grant' })
    expect((await exchange({ code_challenge: hashed, code_challenge_method: 'S256' }, verifier)).status).toBe(200)
    expect((await exchange({ code_challenge: hashed, code_challenge_method: 'S256' }, 'other')).status).toBe(400)
    expect((await exchange({ code_challenge: verifier }, verifier)).status).toBe(200)
  })

  it('a code is used once and for ten minutes; a wrong secret is invalid_client', async () => {
    const code = (await authorize()).back.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT }
    expect((await tokens(form, 'wrong')).status).toBe(401)
    expect([(await tokens(form)).status, (await tokens(form)).status]).toEqual([200, 400])
    const late = (await authorize()).back.get('code') ?? ''
    clock.advance(600)
    expect((await tokens({ ...form, code: late })).body).toEqual({ error: 'invalid_grant' })
  })

  it('a refresh brings no refresh token, and the old one stays good', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: (await exchange()).body.refresh_token }
    const answers = [await tokens(form), await tokens(form)]
    expect(answers.map(({ status, body }) => [status, 'refresh_token' in body])).toEqual(Array(2).fill([200, false]))
    so.revokeRefreshTokens()
    expect((await tokens(form)).body).toEqual({ error: 'invalid_grant' })
    expect((await tokens({ grant_type: 'client_credentials' })).body).toEqual({ error: 'unsupported_grant_type' })
  })
})

function signedSystemToken({ time = '202611211200', key = so.app.key.privateKey, token = so.systemToken } = {}) {
  const data = `${token}.${time}`
  return `${data}.${sign('sha256', Buffer.from(data), key).toString('base64')}`
}
const authenticate = async (fields: object = {}) => {
  const json = {
    SignedSystemToken: signedSystemToken(),
    ApplicationToken: so.app.clientSecret,
    ContextIdentifier: so.tenant,
    ReturnTokenType: 'JWT',
    ...fields,
  }
  return call(`POST ${so.url}/Login/api/PartnerSystemUser/Authenticate`, { json })
}
const ticket = async () => String(decodeJwt((await authenticate()).body.Token)[`${IDENTITY}ticket`])

describe('system user', () => {
  it('a JWT by SuperOffice AS for spn:serial, over in two seconds', async () => {
    const { body } = await authenticate()
    const keys = createLocalJWKSet((await call(`GET ${so.url}/login/.well-known/jwks`)).body)
    const options = { issuer: 'SuperOffice AS', audience: `spn:${so.serial}` }
    const { payload } = await jwtVerify(body.Token, keys, { ...options, currentDate: new Date(clock.now()) })
    expect(payload[`${IDENTITY}ticket`]).toMatch(/^7T:[A-Za-z0-9+/]+==$/)
    const late = { ...options, currentDate: new Date(clock.now() + 2000) }
    await expect(jwtVerify(body.Token, keys, late)).rejects.toThrow('exp')
  })

  it.each([
    ['7 for a changed signature', () => ({ SignedSystemToken: signedSystemToken().replace('.2026', '.2025') }), 7],
    ['7 for another key', () => ({ SignedSystemToken: signedSystemToken({ key: OTHER }) }), 7],
    ['6 for a clock that is off', () => ({ SignedSystemToken: signedSystemToken({ time: '202611211100' }) }), 6],
    ['1 for an unknown system token', () => ({ SignedSystemToken: signedSystemToken({ token: 'a.b' }) }), 1],
    ['4 for another application token', () => ({ ApplicationToken: 'x' }), 4],
  ])('200 with IsSuccessful false, %s', async (_, fields, code) => {
    const { status, body } = await authenticate(fields())
    expect([status, body.IsSuccessful, body.Token, body.AuthorizeErrorCode]).toEqual([200, false, null, code])
  })

  it.each([
    ['revoked', 1],
    ['expired', 3],
    ['denied', 4],
    ['needs_reapproval', 5],
  ] as const)('consent %s is code %i', async (consent, code) => {
    so.settings.consent = consent
    expect((await authenticate()).body.AuthorizeErrorCode).toBe(code)
  })

  it('the XML key is the PEM key', () => {
    const part = (name: string) =>
      Buffer.from(RegExp(`<${name}>(.*?)</${name}>`).exec(so.app.key.xml)?.[1] ?? '', 'base64').toString('base64url')
    const names = { n: 'Modulus', e: 'Exponent', d: 'D', p: 'P', q: 'Q', dp: 'DP', dq: 'DQ', qi: 'InverseQ' }
    const jwk = Object.fromEntries(Object.entries(names).map(([member, name]) => [member, part(name)]))
    const key = createPrivateKey({ format: 'jwk', key: { kty: 'RSA', ...jwk } })
    expect(key.export({ format: 'pem', type: 'pkcs8' })).toBe(so.app.key.pem)
  })
})

const person = async (token: string, { api = '', app = so.app.clientSecret } = {}) => {
  const base = api || (await call(`GET ${so.url}/api/state/${so.tenant}`)).body.Api
  return call(`GET ${base}/v1/Person`, { headers: { Authorization: `SOTicket ${token}`, 'SO-AppToken': app } })
}

describe('data', () => {
  it('a ticket lives six hours from its last use', async () => {
    const token = await ticket()
    clock.advance(6 * 3600 - 1)
    expect((await person(token)).status).toBe(200)
    clock.advance(6 * 3600 - 1)
    expect((await person(token)).status).toBe(200)
    clock.advance(6 * 3600)
    expect((await person(token)).status).toBe(401)
  })

  it('401 without the application token, with a ticket as Bearer, and for a revoked one', async () => {
    const token = await ticket()
    expect((await person(token, { app: 'wrong' })).status).toBe(401)
    const api = (await call(`GET ${so.url}/api/state/${so.tenant}`)).body.Api
    const bearer = await call(`GET ${api}/v1/Person`, { headers: { Authorization: `Bearer ${token}` } })
    expect(bearer.status).toBe(401)
    so.revokeTickets()
    expect((await person(token)).status).toBe(401)
  })

  it('200 with the access token as Bearer, for an hour', async () => {
    const headers = { Authorization: `Bearer ${(await exchange()).body.access_token}` }
    const me = () => call(`GET ${so.hosts[0]?.url}/${so.tenant}/api/v1/User/currentPrincipal`, { headers })
    expect((await me()).status).toBe(200)
    clock.advance(3600)
    expect((await me()).status).toBe(401)
  })

  it('421 at the host that the tenant has left', async () => {
    const token = await ticket()
    const { Api, ValidUntil, IsRunning } = (await call(`GET ${so.url}/api/state/${so.tenant}`)).body
    expect([ValidUntil, IsRunning]).toEqual(['2026-11-21T13:00:30.000Z', true])
    so.move(1)
    expect([(await person(token, { api: Api })).status, (await person(token)).status]).toEqual([421, 200])
    // `fetch` asks the first one twice: it answers a 421 with a fresh connection.
    expect(so.hosts[1]?.requests.length).toBe(1)
  })
})
