import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate } from '../support/gate.ts'
import { BYE, type EndSessionScene, type Entered, endSessionScene, sidOf } from './end_session_scene.ts'

/** `/oidc/session/end`: the way out for whom an application sends (OpenID Connect RP-Initiated Logout 1.0). */

let scene: EndSessionScene
beforeAll(async () => {
  scene = await endSessionScene()
})
afterAll(() => scene.stop())

const END = '/oidc/session/end'
const back = { post_logout_redirect_uri: BYE, state: 'a state/+&' }
const BACK = `${BYE}&state=a+state%2F%2B%26`
const asked = (fields: Readonly<Record<string, string>>) => `${END}?${new URLSearchParams(fields)}`
const hint = ({ session }: Entered, claims = {}) => ({ id_token_hint: scene.idToken(session, claims) })

describe('with an ID token of this very session', () => {
  it('302 to the registered address with the state, signed out without a question; every application is told', async () => {
    const ada = await scene.enter()
    const elsewhere = await scene.enter()
    const answer = await ada.browser.get(asked({ ...hint(ada), ...back }))
    expect([answer.status, answer.location]).toEqual([302, BACK])
    expect(ada.browser.cookies.has('octroi_session')).toBe(false)
    expect([await scene.isThere(ada.session), await scene.isThere(elsewhere.session)]).toEqual([false, true])
    expect(await scene.notices()).toEqual([sidOf(ada.session, 'blog'), sidOf(ada.session, 'shop')])
    expect(scene.lines.at(-1)).toMatchObject({ action: 'sign-out', account: 'ada' })
  })
  it('302 with one that has expired', async () => {
    const ada = await scene.enter()
    const answer = await ada.browser.get(asked({ ...hint(ada, { exp: 1_000_000 }), ...back }))
    expect([answer.location, await scene.isThere(ada.session)]).toEqual([BACK, false])
  })
  it('302 with client_id besides, where it is the same; the names that mean nothing here are taken', async () => {
    const ada = await scene.enter()
    const more = { client_id: 'shop', logout_hint: 'ada', ui_locales: 'fr en' }
    expect((await ada.browser.get(asked({ ...hint(ada), ...back, ...more }))).location).toBe(BACK)
  })
  it('302 with one that names no session, of an application that he went to: it is his', async () => {
    const ada = await scene.enter()
    const answer = await ada.browser.get(asked({ ...hint(ada, { sid: undefined }), ...back }))
    expect([answer.location, await scene.isThere(ada.session)]).toEqual([BACK, false])
  })
  it('302 with one that is signed by RS256, as some applications want it', async () => {
    const ada = await scene.enter()
    await scene.keys.ensure('RS256')
    const claims = { iss: `${scene.url}/oidc`, aud: 'shop', sub: 'ada', sid: sidOf(ada.session) }
    const answer = await ada.browser.get(asked({ id_token_hint: scene.keys.sign(claims, 'JWT', 'RS256'), ...back }))
    expect([answer.location, await scene.isThere(ada.session)]).toEqual([BACK, false])
  })
  it('200 with our own page where no address is given', async () => {
    const ada = await scene.enter()
    const answer = await ada.browser.get(asked(hint(ada)))
    expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([200, undefined, false])
    expect(answer.text).toContain('You are signed out')
  })
  it('the session at the provider above ends as well, and leads on to the application', async () => {
    const browser = scene.browser()
    await scene.method({ id: 'agency' })
    await scene.byProvider(browser, { subject: 'leaver', idToken: 'the-id-token', claims: { name: 'Leaver' } })
    const [session] = await scene.sessionsOf('leaver')
    if (session === undefined) throw new Error('nobody is signed in')
    const sid = 'sid of the leaver'
    await scene.open.store.sessionClients.put({
      ...{ session: session.id, client: 'shop', sid, grant: null },
      created_at: session.created_at,
    })
    const answer = await browser.get(asked({ id_token_hint: scene.idToken(session, { sid }), ...back }))
    expect(answer.location).toMatch(/^https:\/\/idp\.example\/out\?id_token_hint=the-id-token&/)
    const state = new URL(answer.location ?? '').searchParams.get('state')
    expect((await browser.get(`/session/signed-out?state=${state}`)).location).toBe(BACK)
    expect(await scene.notices()).toContain(sid)
  })
})

describe('T38 without proof that the application means this session', () => {
  it.each<[string, (ada: Entered, other: Entered) => Record<string, string>]>([
    ['of another session of his', (_, other) => hint(other)],
    ['of somebody else', (ada) => hint(ada, { sub: 'ben', sid: 'another' })],
    ['of somebody else, who names no session', (ada) => hint(ada, { sub: 'ben', sid: undefined })],
    ['of nobody', (ada) => hint(ada, { sub: 'nobody', sid: undefined })],
    ['of what the session is called at another application', (ada) => hint(ada, { sid: sidOf(ada.session, 'blog') })],
    ['none, but the id of the application', () => ({ client_id: 'shop' })],
  ])('200 with a question for an ID token %s; who says yes is led on', async (_, fields) => {
    const [ada, other] = [await scene.enter(), await scene.enter()]
    const page = await ada.browser.get(asked({ ...fields(ada, other), ...back }))
    expect([page.status, page.location, await scene.isThere(ada.session)]).toEqual([200, undefined, true])
    expect(page.text).toContain('The shop')
    const answer = await ada.browser.submit('/session/sign-out')
    expect([answer.status, answer.location]).toEqual([200, BACK])
    expect([await scene.isThere(ada.session), await scene.isThere(other.session)]).toEqual([false, true])
  })
  it('200 with a question for an ID token whose key is published no longer: it proves nothing, and is no fault', async () => {
    const ada = await scene.enter()
    const { privateKey } = await generateKeyPair('ES256')
    const old = await new SignJWT({ sid: sidOf(ada.session) })
      .setProtectedHeader({ alg: 'ES256', kid: 'a-key-of-last-year' })
      .setIssuer(`${scene.url}/oidc`)
      .setAudience('shop')
      .setSubject('ada')
      .sign(privateKey)
    expect((await ada.browser.get(asked({ id_token_hint: old, ...back }))).status).toBe(200)
    expect(await scene.isThere(ada.session)).toBe(true)
    expect((await ada.browser.submit('/session/sign-out')).location).toBe(BACK)
  })
  it('200 with a question for nothing at all, then our own page; an address without an application leads nowhere', async () => {
    for (const query of [END, asked(back)]) {
      const ada = await scene.enter()
      expect((await ada.browser.get(query)).status).toBe(200)
      const answer = await ada.browser.submit('/session/sign-out')
      expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([200, undefined, false])
    }
  })
  it('nobody is signed in: led on at once, or told so', async () => {
    const browser = scene.browser()
    expect((await browser.get(asked({ client_id: 'shop', ...back }))).location).toBe(BACK)
    const page = await browser.get(END)
    expect([page.status, page.location]).toEqual([200, undefined])
  })
})

describe('400 and nobody is led anywhere', () => {
  const forged = async (ada: Entered, kind: string) => {
    const good = scene.idToken(ada.session)
    const [head = '', payload = '', signature = ''] = good.split('.')
    const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const { kid, x } = JSON.parse(scene.keys.jwks()).keys[0]
    const of = (header: object) =>
      new SignJWT(JSON.parse(Buffer.from(payload, 'base64url').toString())).setProtectedHeader(header as never)
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const kinds: Record<string, string> = {
      'another signature': `${head}.${payload}.${Buffer.from(signature, 'base64url').fill(7).toString('base64url')}`,
      'a psychic signature': `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      'another payload': `${head}.${b64({ iss: `${scene.url}/oidc`, aud: 'shop', sub: 'ada' })}.${signature}`,
      'no algorithm': `${b64({ alg: 'none' })}.${payload}.`,
      'a key of its own': await of({ alg: 'ES256', kid }).sign(privateKey),
      'a key that it brings': await of({ alg: 'ES256', jwk: await exportJWK(publicKey) }).sign(privateKey),
      'the public key as a secret': await of({ alg: 'HS256', kid }).sign(Buffer.from(x)),
      'what is no token': 'nonsense',
      'an empty text': '',
      'a logout token': scene.idToken(ada.session, {}, 'logout+jwt'),
      'an access token': scene.idToken(ada.session, {}, 'at+jwt'),
      'another issuer': scene.idToken(ada.session, { iss: scene.url }),
      'another issuer by a slash': scene.idToken(ada.session, { iss: `${scene.url}/oidc/` }),
      'nobody’s token': scene.idToken(ada.session, { sub: undefined }),
      'several audiences': scene.idToken(ada.session, { aud: ['shop', 'blog'] }),
    }
    return kinds[kind] as string
  }
  it.each([
    ...['another signature', 'a psychic signature', 'another payload', 'no algorithm', 'a key of its own'],
    ...['a key that it brings', 'the public key as a secret', 'what is no token', 'an empty text', 'a logout token'],
    ...['an access token', 'another issuer', 'another issuer by a slash', 'nobody’s token', 'several audiences'],
  ])('T44 for an ID token with %s', async (kind) => {
    const ada = await scene.enter()
    const answer = await ada.browser.get(asked({ id_token_hint: await forged(ada, kind), ...back }))
    expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([400, undefined, true])
  })
  it.each<[string, (ada: Entered) => Record<string, string>]>([
    ['that is not there', () => ({ client_id: 'nobody' })],
    ['that is not there, by an ID token', (ada) => hint(ada, { aud: 'nobody' })],
    ['that is none of the provider', () => ({ client_id: 'till' })],
    ['that is switched off', () => ({ client_id: 'closed' })],
    ['other than that of the ID token', (ada) => ({ ...hint(ada), client_id: 'blog' })],
  ])('for an application %s', async (_, fields) => {
    const ada = await scene.enter()
    const answer = await ada.browser.get(asked({ ...fields(ada), ...back }))
    expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([400, undefined, true])
  })
  it.each(['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state'])('T17 for %s twice', async (name) => {
    const ada = await scene.enter()
    const twice = `${asked({ ...hint(ada), client_id: 'shop', ...back })}&${name}=x`
    const answers = [await ada.browser.get(twice), await ada.browser.get(asked({ [name]: 'x'.repeat(8_193) }))]
    for (const answer of answers) expect([answer.status, answer.location]).toEqual([400, undefined])
    expect(await scene.isThere(ada.session)).toBe(true)
  })
})

describe('by POST, whose cookie does not come along', () => {
  const FOREIGN = { origin: 'https://shop.example.org', 'sec-fetch-site': 'cross-site' }
  const post = (fields: Readonly<Record<string, string>>, browser = scene.browser()) =>
    browser.post(END, fields, { headers: FOREIGN })

  it('303 to ourselves, where it comes along: signed out, and led on', async () => {
    const ada = await scene.enter()
    const sent = await post({ ...hint(ada), ...back, more: 'x' })
    expect([sent.status, sent.text, sent.headers.getSetCookie()]).toEqual([303, '', []])
    expect(sent.location).toMatch(/^\/oidc\/session\/end\?request=[\w%.-]+$/)
    expect(await scene.isThere(ada.session)).toBe(true)
    const answer = await ada.browser.get(sent.location ?? '')
    expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([302, BACK, false])
  })
  it('T38 303, and a question where nothing proves that the application means this session', async () => {
    const ada = await scene.enter()
    const sent = await post({ client_id: 'shop', ...back }, ada.browser)
    expect([sent.status, await scene.isThere(ada.session)]).toEqual([303, true])
    expect((await ada.browser.get(sent.location ?? '')).text).toContain('The shop')
    expect(await scene.isThere(ada.session)).toBe(true)
  })
  it('400 once it is read, for what is no request', async () => {
    const ada = await scene.enter()
    const sent = await post({ id_token_hint: 'nonsense', ...back })
    const answer = await ada.browser.get(sent.location ?? '')
    expect([answer.status, answer.location, await scene.isThere(ada.session)]).toEqual([400, undefined, true])
  })
  it('400 for what another has made up, was changed, or has become old', async () => {
    const ada = await scene.enter()
    const sealed = new URL((await post({ ...hint(ada) })).location ?? '', scene.url).searchParams.get('request') ?? ''
    for (const request of ['', 'x', `${sealed.slice(0, -2)}AA`, sealed.slice(1)]) {
      expect((await ada.browser.get(asked({ request }))).status).toBe(400)
    }
    scene.clock.ahead += 300_001
    expect((await ada.browser.get(asked({ request: sealed }))).status).toBe(400)
    expect(await scene.isThere(ada.session)).toBe(true)
  })
  it('303 below the path of the public URL', async () => {
    const gate = await startTestGate({ OCTROI_PUBLIC_URL: 'http://localhost:8700/gate/' })
    const send = (path: string) => fetch(`${gate.url}${path}`, { method: 'POST', redirect: 'manual' })
    for (const path of ['/gate/oidc/session/end', '/oidc/session/end'])
      expect((await send(path)).headers.get('location')).toMatch(/^\/gate\/oidc\/session\/end\?request=/)
    await gate.stop()
  })
  it('400 for a field twice and for what is no form, 413 for more than an address carries', async () => {
    const send = (body: string, type = 'application/x-www-form-urlencoded') =>
      fetch(`${scene.url}${END}`, { method: 'POST', redirect: 'manual', headers: { 'content-type': type }, body })
    expect((await send('state=a&state=b')).status).toBe(400)
    expect((await send('{}', 'application/json')).status).toBe(400)
    expect((await send(`id_token_hint=${'x'.repeat(8_193)}`)).status).toBe(413)
    expect((await send(`x=${'x'.repeat(70_000)}`)).status).toBe(413)
    expect((await send('')).status).toBe(303)
  })
})
