import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PlainBrowser } from '../sign_in/browser.ts'
import { type Application, random, Suite } from './suite.ts'

/** `oidcc-basic-certification-test-plan`, second half: what an application may say in its request. */

let suite: Suite
let app: Application
/** Somebody who has signed in, and has allowed the application all that it may ask for. */
let known: PlainBrowser
beforeAll(async () => {
  suite = await Suite.start()
  app = await suite.application('octroi-basic')
  known = suite.browser()
  await suite.authorize(app, known, { scope: 'openid profile email' })
}, 60_000)
afterEach(() => vi.useRealTimers())
afterAll(() => suite?.stop())

const aLittleLater = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 })
const withScope = async (scope: string) => {
  const flow = await suite.authorize(app, known, { scope })
  return { flow, userinfo: await suite.userinfo(app, flow) }
}
const sub = expect.any(String)
const PROFILE = { name: 'Conformance Person', preferred_username: 'conformance', updated_at: expect.any(Number) }
const EMAIL = { email: 'conformance@example.org', email_verified: true }
/** Of userinfo, with nothing besides. */
const OPENID = { sub }

describe('scopes', () => {
  const advertised = () => app.config.serverMetadata().scopes_supported

  it('oidcc-scope-profile: userinfo has what there is of it, the ID token has not', async () => {
    const { flow, userinfo } = await withScope('openid profile')
    expect(userinfo).toEqual({ ...OPENID, ...PROFILE })
    expect(flow.claims).not.toHaveProperty('name')
  })
  it('oidcc-scope-email: userinfo has the address and that it is verified', async () => {
    expect((await withScope('openid email')).userinfo).toEqual({ ...OPENID, ...EMAIL })
  })
  it.each(['address', 'phone'])(
    'oidcc-scope-%s: not advertised, so that it is skipped; asked for it is ignored',
    async (scope) => {
      expect(advertised()).not.toContain(scope)
      const { flow, userinfo } = await withScope(`openid ${scope}`)
      expect(userinfo).toEqual(OPENID)
      expect(flow.tokens.scope).toBe('openid')
    },
  )
  it('oidcc-scope-all: those that there are, and the answer says which', async () => {
    expect(advertised()).toEqual(expect.arrayContaining(['openid', 'profile', 'email']))
    const { flow, userinfo } = await withScope('openid profile email address phone')
    expect(userinfo).toEqual({ ...OPENID, ...PROFILE, ...EMAIL })
    expect(flow.tokens.scope?.split(' ').sort()).toEqual(['email', 'openid', 'profile'])
  })
  it('oidcc-ensure-other-scope-order-succeeds: openid may stand last', async () => {
    expect((await withScope('email openid')).userinfo).toEqual({ ...OPENID, ...EMAIL })
  })
})

describe('what changes nothing that the application can see', () => {
  it.each([
    ['oidcc-display-page: as usual', { display: 'page' }],
    ['oidcc-display-popup: as usual', { display: 'popup' }],
    ['oidcc-ensure-request-with-unknown-parameter-succeeds: as usual', { extra: 'foobar' }],
    ['oidcc-claims-locales: as usual', { claims_locales: 'se' }],
    ['oidcc-ensure-request-with-acr-values-succeeds: as usual', { acr_values: '1 2' }],
  ])('%s', async (_, params) => {
    const flow = await suite.authorize(app, known, params)
    expect(await suite.userinfo(app, flow)).toEqual(OPENID)
  })
  it('oidcc-ui-locales: the pages are in a language that is asked for, and in one of ours for one that is not spoken', async () => {
    const languageOf = async (ui_locales: string) => {
      const browser = suite.browser()
      const page = await browser.follow(await browser.get(suite.request(app, { ui_locales }).href))
      return page.headers.get('content-language')
    }
    expect([await languageOf('fr'), await languageOf('se')]).toEqual(['fr', 'en'])
    expect((await suite.authorize(app, suite.browser(), { ui_locales: 'se' })).seen).toContain('sign-in')
  })
  it('oidcc-login-hint: it stands in the form, and is changed by whoever is somebody else', async () => {
    const login_hint = 'buffy@op.example.org'
    const browser = suite.browser()
    const page = await browser.follow(await browser.get(suite.request(app, { login_hint }).href))
    expect(page.text).toContain(`value="${login_hint}"`)
    expect((await suite.authorize(app, suite.browser(), { login_hint })).seen).toContain('sign-in')
  })
  it('oidcc-claims-essential: the request succeeds; the parameter is not supported, and that is said', async () => {
    expect(app.config.serverMetadata().claims_parameter_supported).toBe(false)
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
    const flow = await suite.authorize(app, known, { claims })
    // A warning of the suite: what a person allowed was asked for by scope.
    expect(await suite.userinfo(app, flow)).toEqual(OPENID)
    expect(flow.claims).not.toHaveProperty('name')
  })
})

describe('requests as objects', () => {
  const objectOf = (payload: object) =>
    `${[{ alg: 'none' }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`
  const fields = () => Object.fromEntries(suite.request(app).searchParams)
  const asked = (params: Readonly<Record<string, string>>) => suite.land(suite.browser(), suite.request(app, params))

  it('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: rejected as unsupported', async () => {
    const { callback, seen } = await asked({ request: objectOf({ ...fields(), aud: suite.issuer, iss: app.id }) })
    expect([callback?.searchParams.get('error'), seen]).toEqual(['request_not_supported', []])
  })
  it('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: rejected, and nothing is fetched', async () => {
    expect(app.config.serverMetadata().request_uri_parameter_supported).toBe(false)
    const { callback, seen } = await asked({ request_uri: `${app.redirectUri}/requests/${random()}` })
    expect([callback?.searchParams.get('error'), seen]).toEqual(['request_uri_not_supported', []])
  })
  it('oidcc-ensure-request-object-with-redirect-uri: rejected; an address that stands beside it leads nobody away', async () => {
    const request = objectOf({ ...fields(), aud: suite.issuer, iss: app.id })
    const landed = await asked({ request, redirect_uri: `${app.redirectUri}/${random()}` })
    expect([landed.callback, landed.answer.status]).toEqual([null, 400])
  })
})

describe('who has signed in, and when', () => {
  const signedIn = async () => {
    const browser = suite.browser()
    return { browser, first: await suite.authorize(app, browser) }
  }
  const refused = async (browser: PlainBrowser, params: Readonly<Record<string, string>>) => {
    const { callback, seen } = await suite.land(browser, suite.request(app, params))
    expect(seen).toEqual([])
    return Object.fromEntries(callback?.searchParams ?? [])
  }

  it('oidcc-prompt-login: he signs in a second time, and the second ID token says when', async () => {
    const { browser, first } = await signedIn()
    aLittleLater(2)
    const second = await suite.authorize(app, browser, { prompt: 'login' })
    expect(second.seen).toEqual(['sign-in'])
    expect(second.claims.sub).toBe(first.claims.sub)
    expect(second.claims.auth_time as number).toBeGreaterThan(first.claims.auth_time as number)
  })
  it('oidcc-prompt-none-not-logged-in: login_required, and no page', async () => {
    const answer = await refused(suite.browser(), { prompt: 'none', state: 'a state' })
    expect(answer).toMatchObject({ error: 'login_required', state: 'a state', iss: suite.issuer })
  })
  it('oidcc-prompt-none-logged-in: no page, the same person and the same sign-in', async () => {
    const { browser, first } = await signedIn()
    const second = await suite.authorize(app, browser, { prompt: 'none' })
    expect(second.seen).toEqual([])
    expect([second.claims.sub, second.claims.auth_time]).toEqual([first.claims.sub, first.claims.auth_time])
  })
  it('oidcc-max-age-1: after two seconds he signs in again, and auth_time is that of the second', async () => {
    const { browser, first } = await signedIn()
    aLittleLater(2)
    const second = await suite.authorize(app, browser, { max_age: '1' }, { maxAge: 1 })
    expect(second.seen).toEqual(['sign-in'])
    expect(second.claims.auth_time as number).toBeGreaterThan(first.claims.auth_time as number)
  })
  it('oidcc-max-age-10000: no page, and the auth_time of the first', async () => {
    const { browser, first } = await signedIn()
    aLittleLater(2)
    const second = await suite.authorize(app, browser, { max_age: '10000' }, { maxAge: 10_000 })
    expect(second.seen).toEqual([])
    expect([second.claims.sub, second.claims.auth_time]).toEqual([first.claims.sub, first.claims.auth_time])
  })
  it('oidcc-id-token-hint: the same person without a page; of nobody who is signed in: login_required', async () => {
    const { browser, first } = await signedIn()
    const hint = { prompt: 'none', id_token_hint: first.tokens.id_token as string }
    const second = await suite.authorize(app, browser, hint)
    expect([second.seen, second.claims.sub]).toEqual([[], first.claims.sub])
    expect((await refused(suite.browser(), hint)).error).toBe('login_required')
  })
})
