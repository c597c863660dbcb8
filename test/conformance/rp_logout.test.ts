import { generateKeyPair, SignJWT } from 'jose'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, PlainBrowser } from '../sign_in/browser.ts'
import { type Application, defined, type Flow, random, Suite, textOf } from './suite.ts'

/** `oidcc-rp-initiated-logout-certification-test-plan`; the document of it: `config.test.ts`. */

let suite: Suite
let app: Application
beforeAll(async () => {
  suite = await Suite.start()
  app = await suite.application('octroi-rp-logout')
}, 60_000)
afterAll(() => suite?.stop())

interface Leaving {
  readonly browser: PlainBrowser
  readonly flow: Flow
  readonly state: string
  readonly answer: Answer
}

/** Signs in, and goes to the end-session endpoint: with the three parameters of the suite, but for what a module changes. */
async function leave(change: (flow: Flow) => Readonly<Record<string, string | undefined>>): Promise<Leaving> {
  const browser = suite.browser()
  const flow = await suite.authorize(app, browser)
  const state = random().repeat(6)
  const whole = { id_token_hint: flow.tokens.id_token, post_logout_redirect_uri: app.postLogoutRedirectUri, state }
  const { end_session_endpoint: end = '' } = app.config.serverMetadata()
  const query = new URLSearchParams(defined({ ...whole, ...change(flow) }))
  return { browser, flow, state, answer: await browser.get(`${end}?${query}`) }
}

/** What the suite asks at last: a request with `prompt=none`. */
async function isOut(browser: PlainBrowser): Promise<boolean> {
  const { callback, seen } = await suite.land(browser, suite.request(app, { prompt: 'none' }))
  expect(seen).toEqual([])
  const error = callback?.searchParams.get('error')
  expect(error ?? 'none').toMatch(/^(login_required|none)$/)
  return error === 'login_required'
}

const NONE = { id_token_hint: undefined, post_logout_redirect_uri: undefined, state: undefined }
const isPage = ({ answer }: Leaving) => answer.location === undefined

describe('led back to the application', () => {
  it('oidcc-rp-initiated-logout: with the state as it was and nothing besides, signed out', async () => {
    const { browser, state, answer } = await leave(() => ({}))
    expect(answer.location).toBe(`${app.postLogoutRedirectUri}?state=${state}`)
    expect(await isOut(browser)).toBe(true)
  })
  it('oidcc-rp-initiated-logout-no-state: without one', async () => {
    const { browser, answer } = await leave(() => ({ state: undefined }))
    expect(answer.location).toBe(app.postLogoutRedirectUri)
    expect(await isOut(browser)).toBe(true)
  })
  it('oidcc-rp-initiated-logout: the address that a client library builds', async () => {
    const browser = suite.browser()
    const { tokens } = await suite.authorize(app, browser)
    const asked = { id_token_hint: tokens.id_token as string, post_logout_redirect_uri: app.postLogoutRedirectUri }
    const { location } = await browser.get(openid.buildEndSessionUrl(app.config, asked).href)
    expect(location).toBe(app.postLogoutRedirectUri)
  })
})

describe('a page says that it cannot be, and nobody is led anywhere', () => {
  /** As the suite makes one: the same claims, signed by a key of its own, which may have a name. */
  const foreign = async ({ claims }: Flow, name: object) => {
    const { privateKey } = await generateKeyPair('RS256')
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', ...name }).sign(privateKey)
  }
  const unsigned = (token = '') =>
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1] ?? ''}.`

  it.each<[string, string, (flow: Flow) => Record<string, string>]>([
    [
      'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri: an address that is not registered',
      'post_logout_redirect_uri',
      () => ({ post_logout_redirect_uri: `${app.postLogoutRedirectUri}${random()}` }),
    ],
    [
      'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri: one with a query that is not registered',
      'post_logout_redirect_uri',
      () => ({ post_logout_redirect_uri: `${app.postLogoutRedirectUri}?foo=bar` }),
    ],
    [
      'oidcc-rp-initiated-logout-modified-id-token-hint: an ID token whose signature was taken away',
      'id_token_hint',
      ({ tokens }) => ({ id_token_hint: unsigned(tokens.id_token) }),
    ],
  ])('%s', async (_, field, change) => {
    const left = await leave(change)
    expect([left.answer.status, isPage(left)]).toEqual([400, true])
    expect(textOf(left.answer)).toContain(field)
    expect(await isOut(left.browser)).toBe(false)
  })
  it.each([
    ['a name that we do not know: a page asks', { kid: 'of the suite' }, 200, 'Sign out?'],
    ['no name: a page says that it is none of ours', {}, 400, 'id_token_hint'],
  ] as const)(
    'oidcc-rp-initiated-logout-bad-id-token-hint: signed by another key, with %s',
    async (_, name, status, text) => {
      const browser = suite.browser()
      const flow = await suite.authorize(app, browser)
      const query = { id_token_hint: await foreign(flow, name), post_logout_redirect_uri: app.postLogoutRedirectUri }
      const answer = await browser.get(`/oidc/session/end?${new URLSearchParams(query)}`)
      expect([answer.status, answer.location]).toEqual([status, undefined])
      expect(textOf(answer)).toContain(text)
      expect(await isOut(browser)).toBe(false)
    },
  )
})

describe('a page asks, and whoever says yes is signed out', () => {
  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    [
      'oidcc-rp-initiated-logout-no-id-token-hint: led nowhere, for nothing says which application it is',
      { id_token_hint: undefined },
    ],
    ['oidcc-rp-initiated-logout-no-params: the page of those who are signed out', NONE],
    ['oidcc-rp-initiated-logout-only-state: the page of those who are signed out', { ...NONE, state: random() }],
  ])('%s', async (_, change) => {
    const left = await leave(() => change)
    expect([left.answer.status, isPage(left)]).toEqual([200, true])
    const { action, hidden } = left.browser.form('/session/sign-out')
    expect(await isOut(left.browser)).toBe(false)
    const done = await left.browser.post(action, hidden)
    expect([done.status, done.location]).toEqual([200, undefined])
    expect(textOf(done)).toContain('You are signed out')
    expect(await isOut(left.browser)).toBe(true)
  })
  it('oidcc-rp-initiated-logout-no-post-logout-redirect-uri: not even asked, and the page of those who are signed out', async () => {
    const left = await leave(() => ({ post_logout_redirect_uri: undefined }))
    expect([left.answer.status, isPage(left)]).toEqual([200, true])
    expect(textOf(left.answer)).toContain('You are signed out')
    expect(await isOut(left.browser)).toBe(true)
  })
})
