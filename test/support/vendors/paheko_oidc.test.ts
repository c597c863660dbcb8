import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PlainBrowser } from '../../sign_in/browser.ts'
import { type PahekoOidc, startPahekoOidc } from './paheko_oidc.ts'
import { type PahekoConstants, readConstants, writeConstants } from './paheko_oidc_constants.ts'
import { type Call, openVendor, type Reply, type Vendor } from './vendor.ts'

/** The stand-in against a provider that answers what it is told to. */

const CODE = 'a-code-of-the-provider'
const TOKEN = 'a-token-of-the-provider'
const MEMBERS = [{ name: 'José Dupont', email: 'jose@example.org' }]

type Answers = Record<'discovery' | 'token' | 'userinfo', (call: Call) => Reply | Promise<Reply>>

let provider: Vendor
let paheko: PahekoOidc
let answers: Answers
beforeAll(async () => {
  provider = await openVendor({
    routes: () => [
      {
        method: 'GET',
        path: /^\/oidc\/\.well-known\/openid-configuration$/,
        answer: (call) => answers.discovery(call),
      },
      { method: 'POST', path: /^\/oidc\/token$/, answer: (call) => answers.token(call) },
      { method: 'GET', path: /^\/oidc\/me$/, answer: (call) => answers.userinfo(call) },
    ],
    unknown: () => ({ status: 404 }),
    outage: (status) => ({ status }),
  })
})
afterAll(() => provider.stop())
beforeEach(async () => {
  answers = {
    discovery: () => ({ status: 200, body: DOCUMENT() }),
    token: () => ({ status: 200, body: { access_token: TOKEN, token_type: 'Bearer', scope: 'openid email' } }),
    userinfo: () => ({ status: 200, body: { sub: '1', email: 'José@Example.org', profile: { name: 'José D.' } } }),
  }
  provider.requests.length = 0
  paheko = await startPahekoOidc({ members: MEMBERS, reach: { patienceMs: 300 } })
  configure({})
})
afterEach(() => paheko.stop())

const DOCUMENT = () => ({
  authorization_endpoint: `${provider.url}/oidc/auth`,
  token_endpoint: `${provider.url}/oidc/token`,
  userinfo_endpoint: `${provider.url}/oidc/me`,
  scopes_supported: ['openid', 'email', 'offline_access'],
})

function configure(more: Partial<PahekoConstants>): void {
  const constants = {
    OIDC_CLIENT_URL: `${provider.url}/oidc`,
    OIDC_CLIENT_ID: 'paheko',
    OIDC_CLIENT_SECRET: "a secret with 'quotes'",
    OIDC_CLIENT_BUTTON: 'Octroi',
    OIDC_CLIENT_MATCH_EMAIL: true,
    ADMIN_URL: paheko.adminUrl,
  } as const
  paheko.configure(writeConstants({ ...constants, ...more }))
}

/** Begins a sign-in, and comes back from the provider with what it was sent. */
async function signIn(change: Readonly<Record<string, string>> = {}) {
  const browser = new PlainBrowser(paheko.adminUrl)
  const { location = '' } = await browser.get('login.php?oidc')
  const state = new URL(location).searchParams.get('state') ?? ''
  const back = new URLSearchParams({ code: CODE, state, iss: `${provider.url}/oidc`, ...change })
  return { browser, location, answer: await browser.get(`login.php?oidc=&${back}`) }
}

it('asks for every scope that the document names, without PKCE and nonce, and with a query in its redirect URI', async () => {
  const { location } = await new PlainBrowser(paheko.adminUrl).get('login.php?oidc')
  const at = encodeURIComponent(`${paheko.adminUrl}login.php?oidc`)
  expect(location).toMatch(
    new RegExp(
      `^${provider.url}/oidc/auth\\?response_type=code&client_id=paheko&redirect_uri=${at}&state=[0-9a-f]{40}&scope=openid\\+email\\+offline_access$`,
    ),
  )
  expect(at).toMatch(/login\.php%3Foidc$/)
})

it('redeems the code by a form with its secret and no header, asks who it is, and lets the member in', async () => {
  const { browser, answer } = await signIn()
  expect([answer.status, answer.location]).toEqual([302, paheko.adminUrl])
  expect(provider.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /oidc/.well-known/openid-configuration',
    'GET /oidc/.well-known/openid-configuration',
    'POST /oidc/token',
    'GET /oidc/me',
  ])
  const [token, me] = provider.requests.slice(2)
  expect([token?.header('authorization'), me?.header('authorization')]).toEqual([undefined, `Bearer ${TOKEN}`])
  expect(Object.fromEntries(new URLSearchParams(token?.body.toString()))).toEqual({
    code: CODE,
    client_id: 'paheko',
    client_secret: "a secret with 'quotes'",
    redirect_uri: `${paheko.adminUrl}login.php?oidc`,
    grant_type: 'authorization_code',
  })
  expect((await browser.get('')).text).toContain('Bonjour José Dupont')
  expect(browser.cookies.get('pko')).toMatch(/^[0-9a-f]{32}$/)
  expect(paheko.logins).toEqual([
    { email: 'José@Example.org', name: 'José D.', granted: 'openid email', member: MEMBERS[0] },
  ])
})

describe('an error page', () => {
  const without = (name: string) => ({ ...DOCUMENT(), [name]: undefined })
  const never = () => new Promise<Reply>(() => {})
  it.each<[string, Partial<Answers>, string]>([
    ['no discovery', { discovery: () => ({ status: 404, body: 'nothing here' }) }, 'discovery: the answer is no JSON'],
    [
      'scopes that are no array',
      { discovery: () => ({ status: 200, body: { ...DOCUMENT(), scopes_supported: 'openid' } }) },
      'scopes_supported',
    ],
    ['no scopes', { discovery: () => ({ status: 200, body: without('scopes_supported') }) }, 'scopes_supported'],
    ['no userinfo', { discovery: () => ({ status: 200, body: without('userinfo_endpoint') }) }, 'userinfo_endpoint'],
    ['a document that does not come', { discovery: never }, 'discovery: no answer'],
    ['a token error', { token: () => ({ status: 400, body: { error: 'invalid_grant' } }) }, 'token: invalid_grant'],
    [
      'a token error that is a page',
      { token: () => ({ status: 400, body: '<h1>Error</h1>' }) },
      'token: the answer is no JSON',
    ],
    ['200 without access_token', { token: () => ({ status: 200, body: {} }) }, 'token: no access_token'],
    ['a token that does not come', { token: never }, 'token: no answer'],
    [
      'userinfo as a JWT',
      { userinfo: () => ({ status: 200, body: 'e30.e30.e30' }) },
      'userinfo: the answer is no JSON',
    ],
    ['no email', { userinfo: () => ({ status: 200, body: { sub: '1' } }) }, 'userinfo: no email'],
    [
      'an email that is a list',
      { userinfo: () => ({ status: 200, body: { email: ['jose@example.org'] } }) },
      'userinfo: no email',
    ],
    [
      'nobody with this address',
      { userinfo: () => ({ status: 200, body: { email: 'eve@example.org' } }) },
      'no member has',
    ],
  ])('for %s', async (_, changed, reason) => {
    const { location } = await new PlainBrowser(paheko.adminUrl).get('login.php?oidc')
    expect(location).toContain('/oidc/auth?')
    const browser = new PlainBrowser(paheko.adminUrl)
    const began = await browser.get('login.php?oidc')
    answers = { ...answers, ...changed }
    const state = new URL(began.location ?? '').searchParams.get('state')
    const answer = await browser.get(`login.php?oidc=&code=${CODE}&state=${state}`)
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(reason)])
    expect((await browser.get('')).location).toBe(`${paheko.adminUrl}login.php`)
  })

  it('for another state, and for a browser in which nothing began; the code is not redeemed', async () => {
    const { answer } = await signIn({ state: 'f'.repeat(40) })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('another state')])
    const fresh = await new PlainBrowser(paheko.adminUrl).get(`login.php?oidc=&code=${CODE}&state=`)
    expect(fresh.status).toBe(400)
    expect(provider.requests.filter(({ method }) => method === 'POST')).toEqual([])
  })
})

it('a button null leads to the provider by itself; with a text, there is a page', async () => {
  const page = await new PlainBrowser(paheko.adminUrl).get('login.php')
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('login.php?oidc">Octroi</a>')])
  configure({ OIDC_CLIENT_BUTTON: null })
  expect((await new PlainBrowser(paheko.adminUrl).get('login.php')).location).toContain(`${provider.url}/oidc/auth?`)
})

it('its way out ends its own session and tells nobody', async () => {
  const { browser } = await signIn()
  const before = provider.requests.length
  expect((await browser.get('logout.php')).text).toContain('déconnecté')
  expect((await browser.get('')).location).toBe(`${paheko.adminUrl}login.php`)
  expect(provider.requests.length).toBe(before)
})

describe('config.local.php', () => {
  it('is read as a person writes it, ADMIN_URL from WWW_URL where it is not there', () => {
    const php = `<?php
namespace Paheko;
// const OIDC_CLIENT_ID = 'not this one';
const WWW_URL = 'https://asso.example.org/';
const OIDC_CLIENT_URL = 'https://octroi.example.org/oidc';
  const OIDC_CLIENT_ID = 'paheko';
define('OIDC_CLIENT_SECRET', 'it\\'s');
const OIDC_CLIENT_BUTTON = null;
const OIDC_CLIENT_MATCH_EMAIL = true;
`
    expect(readConstants(php)).toEqual({
      OIDC_CLIENT_URL: 'https://octroi.example.org/oidc',
      OIDC_CLIENT_ID: 'paheko',
      OIDC_CLIENT_SECRET: "it's",
      OIDC_CLIENT_BUTTON: null,
      OIDC_CLIENT_MATCH_EMAIL: true,
      ADMIN_URL: 'https://asso.example.org/admin/',
    })
  })
  it.each(['OIDC_CLIENT_URL', 'OIDC_CLIENT_SECRET', 'OIDC_CLIENT_BUTTON', 'WWW_URL'])(
    'without %s is told so',
    (name) => {
      const php = ['OIDC_CLIENT_URL', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_CLIENT_BUTTON', 'WWW_URL']
        .filter((other) => other !== name)
        .map((other) => `const ${other} = 'x';\n`)
        .join('')
      expect(() => readConstants(`${php}const OIDC_CLIENT_MATCH_EMAIL = true;`)).toThrow(`sets no ${name}`)
    },
  )
})
