import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type Application, random, Suite } from './suite.ts'

/** `oidcc-backchannel-rp-initiated-logout-certification-test-plan`; the document of it: `config.test.ts`. */

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

let suite: Suite
let app: Application
let listener: Upstream
beforeAll(async () => {
  suite = await Suite.start()
  listener = await startUpstream()
  app = await suite.application('octroi-backchannel')
}, 60_000)
afterAll(async () => {
  await suite?.stop()
  await listener?.stop()
})

it.each(['RS256', 'ES256'] as const)(
  'oidcc-backchannel-rp-initiated-logout: %s, the application is told in a form with one logout token, of this person and session',
  async (id_token_alg) => {
    // The suite listens at a public address with TLS; here it is this machine.
    const path = `/${id_token_alg}/backchannel_logout`
    const network = { allow_private: true, allow_http: true }
    const openid = { id_token_alg, network, backchannel_logout_uri: `${listener.url}${path}` }
    expect((await suite.gate.api('PATCH', `/clients/${app.id}`, { openid })).status).toBe(200)
    const now = await suite.application(app.id)
    const browser = suite.browser()
    const { tokens, claims } = await suite.authorize(now, browser)
    const state = random()
    const asked = {
      id_token_hint: tokens.id_token as string,
      post_logout_redirect_uri: app.postLogoutRedirectUri,
      state,
    }
    const left = await browser.get(`/oidc/session/end?${new URLSearchParams(asked)}`)
    expect(left.location).toBe(`${app.postLogoutRedirectUri}?state=${state}`)

    const request = await vi.waitFor(
      () => {
        const found = listener.requests.filter(({ url }) => url === path)
        expect(found).toHaveLength(1)
        return found[0]
      },
      { timeout: 15_000, interval: 20 },
    )
    expect(request?.method).toBe('POST')
    expect(request?.header('content-type')).toMatch(/^application\/x-www-form-urlencoded/)
    const form = new URLSearchParams(request?.body.toString())
    expect([...form.keys()]).toEqual(['logout_token'])
    const token = form.get('logout_token') ?? ''
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: id_token_alg, typ: 'logout+jwt' })
    const rules = { issuer: suite.issuer, audience: app.id, algorithms: [id_token_alg] }
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${suite.issuer}/jwks`)), rules)
    expect(payload).toEqual({
      iss: suite.issuer,
      aud: app.id,
      sub: claims.sub,
      sid: claims.sid,
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.stringMatching(/./),
      events: { [EVENT]: {} },
    })
    expect(payload).not.toHaveProperty('nonce')
    const { callback } = await suite.land(browser, suite.request(now, { prompt: 'none' }))
    expect(callback?.searchParams.get('error')).toBe('login_required')
  },
)
