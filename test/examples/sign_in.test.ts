import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePorts } from '../proxies/program.ts'
import { PlainBrowser } from '../sign_in/browser.ts'
import { type Example, type ExampleName, startExample } from './application.ts'
import { newKey, type OddIssuer, startOddIssuer, times } from './odd_issuer.ts'

/** What both examples refuse of a sign-in, and of a logout that they are told of. */

const CLIENT = 'desk'
let issuer: OddIssuer

beforeAll(async () => {
  issuer = await startOddIssuer(CLIENT)
})
afterAll(() => issuer.stop())
afterEach(() => issuer.reset())

describe.each<ExampleName>(['fastapi', 'typescript'])('examples/%s', (name) => {
  let example: Example

  beforeAll(async () => {
    const [port = 0] = await freePorts(1)
    const secrets = { clientId: CLIENT, clientSecret: 'the secret' }
    example = await startExample({ name, port, octroiUrl: issuer.url, ...secrets })
  })
  afterAll(() => example?.stop())

  const begin = async (browser: PlainBrowser) => {
    const toOctroi = await browser.get('/api/login')
    const fromOctroi = await fetch(toOctroi.location ?? '', { redirect: 'manual' })
    return fromOctroi.headers.get('location') ?? ''
  }
  const signIn = async (browser = new PlainBrowser(example.url)) => {
    const done = await browser.get(await begin(browser))
    return { browser, done, me: await browser.get('/api/me') }
  }

  it('200 at /api/me for who signed in, with what userinfo says; 401 before', async () => {
    expect((await new PlainBrowser(example.url).get('/api/me')).status).toBe(401)
    const { done, me } = await signIn()
    expect([done.status, me.status]).toEqual([303, 200])
    const { sub, name, email } = JSON.parse(me.text)
    expect([sub, name, email]).toEqual(['subject-of-zoe', 'Zoé <Caisse>', 'zoe@example.org'])
  })

  it('asks with PKCE, state and nonce, each time others; its cookies are HttpOnly and Lax', async () => {
    const browser = new PlainBrowser(example.url)
    const asked = [await browser.get('/api/login'), await browser.get('/api/login')]
    const [one, two] = asked.map(({ location }) => new URL(location ?? '').searchParams)
    expect(one?.get('code_challenge_method')).toBe('S256')
    for (const each of ['state', 'nonce', 'code_challenge']) {
      expect(one?.get(each)).toMatch(/^[\w-]{43,}$/)
      expect(one?.get(each)).not.toBe(two?.get(each))
    }
    const { done } = await signIn()
    const cookies = [...done.headers.getSetCookie(), ...(asked[0]?.headers.getSetCookie() ?? [])]
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies) expect(cookie).toMatch(/HttpOnly.*SameSite=lax/i)
  })

  it('behind a proxy with TLS its cookies are __Host- and Secure, and people come back to the public address', async () => {
    const [port = 0] = await freePorts(1)
    const elsewhere = { appUrl: 'https://app.example.org', clientId: CLIENT, clientSecret: 'the secret' }
    const hidden = await startExample({ name, port, octroiUrl: issuer.url, ...elsewhere })
    const answer = await fetch(`${hidden.url}/api/login`, { redirect: 'manual' })
    await hidden.stop()
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-[\w-]+=[\w-]{43};.*Path=\/.*\bSecure\b/)
    const asked = new URL(answer.headers.get('location') ?? '').searchParams
    expect(asked.get('redirect_uri')).toBe('https://app.example.org/api/callback')
  })

  it('an address that was not verified is nobody’s', async () => {
    issuer.odd.userinfo = { ...issuer.odd.userinfo, email_verified: false }
    expect(JSON.parse((await signIn()).me.text).email).toBeNull()
  })

  it('400 for a state of another browser, a made-up one, one that was used; who began it may finish', async () => {
    const browser = new PlainBrowser(example.url)
    const back = await begin(browser)
    const victim = new PlainBrowser(example.url)
    await victim.get('/api/login')
    expect((await victim.get(back)).status).toBe(400)
    expect((await victim.get('/api/me')).status).toBe(401)
    expect((await browser.get(`${back.replace(/state=[^&]*/, 'state=made-up')}`)).status).toBe(400)
    expect((await browser.get(back)).status).toBe(303)
    expect((await browser.get(back)).status).toBe(400)
  })

  it.each([
    ['of another provider', 'https://evil.example'],
    ['left out', undefined],
  ])('400 with iss %s', async (_, iss) => {
    issuer.odd.iss = iss
    const { done, me } = await signIn()
    expect([done.status, me.status]).toEqual([400, 401])
  })

  it.each<[string, Partial<OddIssuer['odd']>]>([
    ['another nonce', { claims: { nonce: 'x'.repeat(43) } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['another issuer', { claims: { iss: 'https://evil.example' } }],
    ['another audience', { claims: { aud: 'another' } }],
    ['a second audience', { claims: { aud: [CLIENT, 'another'] } }],
    ['no sid', { claims: { sid: undefined } }],
    ['an end an hour ago', { claims: { iat: 1, exp: times().iat - 3_600 } }],
    ['no end', { claims: { exp: undefined } }],
    ['a userinfo of somebody else', { userinfo: { sub: 'max', email: 'max@example.org', email_verified: true } }],
  ])('502 and no session with %s', async (_, odd) => {
    Object.assign(issuer.odd, odd)
    const { done, me } = await signIn()
    expect([done.status, me.status]).toEqual([502, 401])
  })

  it('502 and no session with an ID token signed by another key, or with a secret', async () => {
    for (const key of [await newKey('own'), { kid: 'own', alg: 'HS256', privateKey: Buffer.alloc(32, 1) }]) {
      issuer.odd.key = key
      const { done, me } = await signIn()
      expect([done.status, me.status]).toEqual([502, 401])
    }
  })

  it('503 while the provider is out of order, never 401', async () => {
    const browser = new PlainBrowser(example.url)
    const back = await begin(browser)
    issuer.odd.status = 503
    const { status, headers } = await browser.get(back)
    expect([status, headers.get('retry-after')]).toEqual([503, '10'])
  })

  describe('/api/backchannel-logout', () => {
    const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    let serial = 0
    const claims = (more: object = {}) => {
      serial++
      const own = { iss: issuer.issuer, aud: CLIENT, sub: 'subject-of-zoe', sid: 'sid-1', jti: `${name}-${serial}` }
      return { ...times(), ...own, events: EVENTS, ...more }
    }
    const tell = (token: string) =>
      fetch(`${example.url}/api/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      })
    const logout = (more: object = {}, header: object = {}) =>
      issuer.sign({ typ: 'logout+jwt', ...header }, claims(more) as Record<string, unknown>)
    const statusOf = async (browser: PlainBrowser) => (await browser.get('/api/me')).status

    it('200: the session that it names has ended, another has not; the same token again: 400', async () => {
      const { browser } = await signIn()
      issuer.odd.claims = { sid: 'sid-2' }
      const { browser: other } = await signIn()
      const token = await logout()
      const { status, headers } = await tell(token)
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect([await statusOf(browser), await statusOf(other)]).toEqual([401, 200])
      expect((await tell(token)).status).toBe(400)
    })

    it('200 with a person and no session: all of his have ended', async () => {
      const { browser } = await signIn()
      expect((await tell(await logout({ sid: undefined, sub: 'max' }))).status).toBe(200)
      expect(await statusOf(browser)).toBe(200)
      expect((await tell(await logout({ sid: undefined }))).status).toBe(200)
      expect(await statusOf(browser)).toBe(401)
    })

    it.each<[string, object, object]>([
      ['another type', {}, { typ: 'JWT' }],
      ['the type of an access token', {}, { typ: 'at+jwt' }],
      ['no event', { events: {} }, {}],
      ['an event that is no object', { events: { ...EVENTS, [Object.keys(EVENTS)[0] as string]: 'x' } }, {}],
      ['a nonce', { nonce: 'n' }, {}],
      ['no jti', { jti: undefined }, {}],
      ['neither session nor person', { sid: undefined, sub: undefined }, {}],
      ['another audience', { aud: 'another' }, {}],
      ['another issuer', { iss: 'https://evil.example' }, {}],
      ['an end an hour ago', { exp: times().iat - 3_600 }, {}],
      ['an unknown key', {}, { kid: 'unknown' }],
    ])('400 with %s, and the session lives', async (_, more, header) => {
      const { browser } = await signIn()
      expect((await tell(await logout(more, header))).status).toBe(400)
      expect(await statusOf(browser)).toBe(200)
    })

    it('400 with another signature, with none, without a token, with two', async () => {
      const { browser } = await signIn()
      const stranger = await newKey('own')
      const [header, payload] = (await logout()).split('.')
      const unsigned = Buffer.from('{"alg":"none","typ":"logout+jwt","kid":"own"}').toString('base64url')
      const forged = await issuer.sign({ typ: 'logout+jwt' }, claims() as Record<string, unknown>, stranger)
      for (const token of [forged, `${unsigned}.${payload}.`, `${header}.${payload}.`, 'x', ''])
        expect((await tell(token)).status).toBe(400)
      const good = await logout()
      const body = new URLSearchParams([good, good].map((token) => ['logout_token', token]))
      const twice = await fetch(`${example.url}/api/backchannel-logout`, { method: 'POST', body })
      expect([twice.status, await statusOf(browser)]).toEqual([400, 200])
    })
  })

  it('403 for a logout that another site sends, and the session lives', async () => {
    const { browser } = await signIn()
    const answer = await browser.post('/api/logout', {}, { headers: { origin: 'https://evil.example' } })
    expect([answer.status, (await browser.get('/api/me')).status]).toEqual([403, 200])
  })
})
