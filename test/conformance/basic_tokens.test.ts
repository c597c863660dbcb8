import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as openid from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PlainBrowser } from '../sign_in/browser.ts'
import { type Application, type Fault, type Flow, random, Suite, textOf } from './suite.ts'

/** `oidcc-basic-certification-test-plan`, first half: answers, tokens, userinfo, applications and their proofs. */

let suite: Suite
let app: Application
let second: Application
/** Somebody who has signed in already. */
let known: PlainBrowser
beforeAll(async () => {
  suite = await Suite.start()
  app = await suite.application('octroi-basic')
  second = await suite.application('octroi-basic-2')
  known = suite.browser()
  await suite.authorize(app, known)
}, 60_000)
afterEach(() => vi.useRealTimers())
afterAll(() => suite?.stop())

const usual = () => suite.authorize(app, known)
const aLittleLater = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 })
const codeOf = ({ callback }: Flow) => callback.searchParams.get('code') as string

describe('answers', () => {
  it('oidcc-server: the code flow gives an access token that works, and an ID token of this request', async () => {
    const browser = suite.browser()
    const url = suite.request(app)
    const flow = await suite.redeem(app, url, await suite.land(browser, url))
    expect([...flow.callback.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state'])
    expect(flow.callback.hash).toBe('')
    expect(flow.tokens.token_type).toBe('bearer')
    expect(flow.tokens.expires_in).toBeGreaterThan(0)
    const { iss, aud, sub, nonce, exp, iat } = flow.claims
    expect({ iss, aud, nonce }).toEqual({ iss: suite.issuer, aud: app.id, nonce: url.searchParams.get('nonce') })
    expect(sub.length).toBeLessThanOrEqual(255)
    expect(exp).toBeGreaterThan(iat)
    expect((await suite.userinfo(app, flow)).sub).toBe(sub)
  })
  it('oidcc-response-type-missing: the application is told invalid_request, with its state', async () => {
    const url = suite.request(app, { response_type: undefined })
    const { callback } = await suite.land(suite.browser(), url)
    expect(`${callback?.origin}${callback?.pathname}`).toBe(app.redirectUri)
    const { error, state, iss } = Object.fromEntries(callback?.searchParams ?? [])
    expect({ error, state, iss }).toEqual({
      error: 'invalid_request',
      state: url.searchParams.get('state'),
      iss: suite.issuer,
    })
  })
  it('oidcc-ensure-registered-redirect-uri: a page says that the address is not registered, and nobody is sent to it', async () => {
    const landed = await suite.land(
      suite.browser(),
      suite.request(app, { redirect_uri: `${app.redirectUri}/${random()}` }),
    )
    expect([landed.callback, landed.answer.status, landed.seen]).toEqual([null, 400, []])
    expect(textOf(landed.answer)).toContain('invalid_redirect_uri')
  })
  it('oidcc-ensure-post-request-succeeds: the authorization endpoint takes a form as well', async () => {
    const browser = suite.browser()
    const url = suite.request(app)
    const posted = await browser.post('/oidc/auth', Object.fromEntries(url.searchParams))
    expect((await suite.redeem(app, url, await suite.walk(browser, posted))).claims.aud).toBe(app.id)
  })
  it('oidcc-ensure-request-with-valid-pkce-succeeds: a challenge is held to, though it is not asked for', async () => {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const challenge = {
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    }
    expect((await suite.authorize(app, known, challenge, { pkceCodeVerifier })).tokens.access_token).toMatch(/./)
    await expect(suite.authorize(app, known, challenge)).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('ID tokens', () => {
  it.each([
    ['RS256', () => app],
    ['ES256', () => second],
  ] as const)('oidcc-idtoken-signature: %s, by the published key that the header names', async (alg, which) => {
    const { tokens } = await suite.authorize(which(), known)
    const header = decodeProtectedHeader(tokens.id_token as string)
    expect(header.alg).toBe(alg)
    const { keys } = (await (await fetch(`${suite.issuer}/jwks`)).json()) as { keys: { kid: string; alg: string }[] }
    expect(keys.filter(({ kid }) => kid === header.kid).map((key) => key.alg)).toEqual([alg])
    const rules = { issuer: suite.issuer, audience: which().id, algorithms: [alg] }
    await jwtVerify(tokens.id_token as string, createRemoteJWKSet(new URL(`${suite.issuer}/jwks`)), rules)
  })
  it('oidcc-idtoken-unsigned: none is not offered, and no application can have it', async () => {
    expect(app.config.serverMetadata().id_token_signing_alg_values_supported).toEqual(['ES256', 'RS256'])
    const answer = await suite.gate.api('PATCH', `/clients/${app.id}`, { openid: { id_token_alg: 'none' } })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain('id_token_alg')
  })
  it('oidcc-ensure-request-without-nonce-succeeds-for-code-flow: no nonce asked, none in the ID token', async () => {
    const { claims } = await suite.authorize(app, known, { nonce: undefined })
    expect(claims).not.toHaveProperty('nonce')
  })
})

describe('userinfo', () => {
  const read = async (flow: Flow, answer: Response) => {
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
    expect(((await answer.json()) as { sub: string }).sub).toBe(flow.claims.sub)
  }
  const bearer = ({ tokens }: Flow) => ({ authorization: `Bearer ${tokens.access_token}` })

  it('oidcc-userinfo-get: GET with the token in its header; without a token 401', async () => {
    const flow = await usual()
    await read(flow, await fetch(`${suite.issuer}/me`, { headers: bearer(flow) }))
    const refused = await fetch(`${suite.issuer}/me`, { headers: { authorization: 'Bearer nothing' } })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('invalid_token'),
    ])
  })
  it('oidcc-userinfo-post-header: POST with the token in its header', async () => {
    const flow = await usual()
    await read(flow, await fetch(`${suite.issuer}/me`, { method: 'POST', headers: bearer(flow) }))
  })
  it('oidcc-userinfo-post-body: POST with the token in its form', async () => {
    const flow = await usual()
    const body = new URLSearchParams({ access_token: flow.tokens.access_token })
    await read(flow, await fetch(`${suite.issuer}/me`, { method: 'POST', body }))
  })
})

describe('codes that are used again', () => {
  const again = (flow: Flow) =>
    suite.token(app, { grant_type: 'authorization_code', code: codeOf(flow), redirect_uri: app.redirectUri })
  const refused = { status: 400, type: expect.stringContaining('application/json'), body: { error: 'invalid_grant' } }
  /** RFC 6749 §5.2: what an error may be written with. */
  const PRINTABLE = /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/

  it('oidcc-codereuse: invalid_grant', async () => {
    const second = await again(await usual())
    expect(second).toMatchObject(refused)
    expect(second.body.error_description).toMatch(PRINTABLE)
  })
  it('oidcc-codereuse-30seconds: invalid_grant, and the access token of the first time is worth nothing any more', async () => {
    const flow = await usual()
    expect((await suite.userinfo(app, flow)).sub).toBe(flow.claims.sub)
    aLittleLater(30)
    expect(await again(flow)).toMatchObject(refused)
    const headers = { authorization: `Bearer ${flow.tokens.access_token}` }
    expect((await fetch(`${suite.issuer}/me`, { headers })).status).toBe(401)
  })
})

describe('proofs of applications', () => {
  it('oidcc-server-client-secret-post: the whole flow with the secret in the form; with another one 401', async () => {
    const post = await suite.application('octroi-basic-post')
    const flow = await suite.authorize(post, known)
    expect((await suite.userinfo(post, flow)).sub).toBe(flow.claims.sub)
    const wrong = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_id: post.id,
      client_secret: 'x',
    })
    const refused = await fetch(`${suite.issuer}/token`, { method: 'POST', body: wrong })
    expect([refused.status, ((await refused.json()) as Fault).error]).toEqual([401, 'invalid_client'])
  })
  it('oidcc-refresh-token: new tokens for the same person and sign-in; those of another application are refused', async () => {
    const first = await usual()
    expect(first.tokens.refresh_token).toMatch(/^[\x20-\x7E]+$/)
    const renewed = await openid.refreshTokenGrant(app.config, first.tokens.refresh_token as string)
    expect(renewed.access_token).not.toBe(first.tokens.access_token)
    const { iss, sub, aud, auth_time } = first.claims
    expect(renewed.claims()).toMatchObject({ iss, sub, aud, auth_time })
    expect((await openid.fetchUserInfo(app.config, renewed.access_token, sub)).sub).toBe(sub)
    const other = await suite.authorize(second, known)
    const stolen = { grant_type: 'refresh_token', refresh_token: other.tokens.refresh_token }
    expect(await suite.token(app, stolen)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(app.config.serverMetadata().grant_types_supported).toContain('refresh_token')
  })
})
