import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PlainBrowser } from './browser.ts'

/** The flow of an application with a front end of its own: front end → Octroi → code → back end → token, and out again. */

const PASSWORD = 'a long enough secret'
const CALLBACK = 'https://app.example.org/callback'
const VERIFIER = 'v'.repeat(64)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const START = `/sign-in/password?app=catalogue&state=st&code_challenge=${CHALLENGE}&code_challenge_method=S256`

let gate: TestGate
let secret: string

beforeAll(async () => {
  gate = await startTestGate()
  await gate.api('POST', '/groups', { id: 'editors', name: 'Editors' })
  for (const [id, groups] of [
    ['ada', ['editors']],
    ['max', []],
  ] as const)
    await gate.api('POST', '/accounts', {
      id,
      kind: 'person',
      name: id,
      email: `${id}@example.org`,
      password: PASSWORD,
      groups,
    })
  const made = await gate.api('POST', '/clients', {
    id: 'catalogue',
    name: 'Catalogue',
    redirect_uris: [CALLBACK],
    post_logout_redirect_uris: ['https://app.example.org/bye'],
    allow: { groups: ['editors'] },
    roles: [{ group: 'editors', role: 'ADMIN' }],
    default_role: 'USER',
    token: { enabled: true, grants: [], ttl_s: 3_600 },
  })
  expect(made.status).toBe(201)
  secret = made.body.client_secret
})
afterAll(() => gate.stop())

async function signIn(login: string, browser = new PlainBrowser(gate.url)) {
  await browser.get(START)
  const done = await browser.submit('/sign-in/password', { login, password: PASSWORD })
  return { browser, done }
}

async function exchange(fields: Readonly<Record<string, string>>, basic = `catalogue:${secret}`, asForm = false) {
  const answer = await fetch(`${gate.url}/session/exchange`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
      'content-type': asForm ? 'application/x-www-form-urlencoded' : 'application/json',
    },
    body: asForm ? new URLSearchParams(fields) : JSON.stringify(fields),
  })
  const body = (await answer.json()) as Readonly<Record<string, string>>
  return { status: answer.status, headers: answer.headers, body }
}

const codeIn = (location: string | undefined) => new URL(location ?? '').searchParams.get('code') as string
const self = (key: string | undefined) => gate.api('GET', '/keys/self', undefined, { key: key ?? null })

describe('S3-01: an application with a front end of its own', () => {
  it('S3-02: a button is a link; who signs in comes back with a code that the back end exchanges', async () => {
    const { done } = await signIn('ada')
    const location = new URL(done.location ?? '')
    expect(location.origin + location.pathname).toBe(CALLBACK)
    expect(location.searchParams.get('state')).toBe('st')
    const { status, headers, body } = await exchange({ code: codeIn(done.location), code_verifier: VERIFIER })
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({ account: 'ada', email: 'ada@example.org', role: 'ADMIN', groups: ['editors'] })
    expect(body).toMatchObject({ organization_siret: null, email_verified: false, method: 'password', amr: ['pwd'] })
    expect((await self(body.api_token)).body).toMatchObject({ account: 'ada' })
  })

  it('S3-13: a form as RFC 6749 §4.1.3 has it will do as well', async () => {
    const { done } = await signIn('ada')
    const fields = { grant_type: 'authorization_code', code: codeIn(done.location), code_verifier: VERIFIER }
    expect((await exchange({ ...fields, redirect_uri: CALLBACK }, undefined, true)).status).toBe(200)
  })

  it('who is signed in already goes through at once', async () => {
    const { browser } = await signIn('ada')
    const again = await browser.get(START)
    expect(again.location).toMatch(/^https:\/\/app\.example\.org\/callback\?code=/)
  })

  it('403 for somebody whom the application does not allow, without a session made for it', async () => {
    const { browser, done } = await signIn('max')
    expect([done.status, done.location]).toEqual([403, undefined])
    expect(browser.cookies.has('octroi_session')).toBe(false)
  })

  it('D5: a second use of the code: 400, and the token is dead', async () => {
    const { done } = await signIn('ada')
    const fields = { code: codeIn(done.location), code_verifier: VERIFIER }
    const { body } = await exchange(fields)
    expect((await self(body.api_token)).status).toBe(200)
    expect(await exchange(fields)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect((await self(body.api_token)).status).toBe(401)
  })

  it.each([
    ['no credential', ''],
    ['a wrong secret', `catalogue:ocs_${'x'.repeat(43)}`],
    ['another application', 'other:x'],
  ])('401 with %s', async (_, basic) => {
    const answer = await exchange({ code: 'c'.repeat(43), code_verifier: VERIFIER }, basic)
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
  })

  it('400 that names the field', async () => {
    const answer = await exchange({ code: 'x' })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'code_verifier' }] } })
    expect((await exchange({ code: 'x', code_verifier: 'x', more: 'x' })).status).toBe(400)
  })

  it.each([
    ['T16: another address', `${START}&redirect_uri=https://evil.example/`],
    ['T17: an address twice', `${START}&redirect_uri=${CALLBACK}&redirect_uri=${CALLBACK}`],
    ['T17: the application twice', `${START}&app=catalogue`],
    ['no state', START.replace('state=st&', '')],
    ['no challenge', START.replace(CHALLENGE, '')],
    ['an application that is not there', START.replace('catalogue', 'other')],
  ])('400 page and no redirect for %s', async (_, address) => {
    const page = await new PlainBrowser(gate.url).get(address)
    expect([page.status, page.location]).toEqual([400, undefined])
    expect(page.headers.get('content-type')).toContain('text/html')
  })
})

describe('B-39: out again', () => {
  it('asks first, then the session and the token are dead and the browser is back at the application', async () => {
    const { browser, done } = await signIn('ada')
    const { body } = await exchange({ code: codeIn(done.location), code_verifier: VERIFIER })
    const out = '/session/sign-out?app=catalogue&post_logout_redirect_uri=https://app.example.org/bye&state=s2'
    const page = await browser.get(out)
    expect([page.status, page.location]).toEqual([200, undefined])
    expect((await self(body.api_token)).status).toBe(200)
    const left = await browser.submit('/session/sign-out')
    expect(left.location).toBe('https://app.example.org/bye?state=s2')
    expect((await self(body.api_token)).status).toBe(401)
    expect((await browser.get(START)).status).toBe(200)
  })

  it('at once with the session_id that the back end was told, and not with another', async () => {
    const { browser, done } = await signIn('ada')
    const { body } = await exchange({ code: codeIn(done.location), code_verifier: VERIFIER })
    const out = '/session/sign-out?app=catalogue&post_logout_redirect_uri=https://app.example.org/bye'
    expect((await browser.get(`${out}&session_id=0000000000000000`)).location).toBeUndefined()
    expect((await self(body.api_token)).status).toBe(200)
    const left = await browser.get(`${out}&session_id=${body.session_id}`)
    expect(left.location).toBe('https://app.example.org/bye')
    expect((await self(body.api_token)).status).toBe(401)
  })

  it('T15: 400 for an address that is not registered', async () => {
    const { browser } = await signIn('ada')
    const page = await browser.get('/session/sign-out?app=catalogue&post_logout_redirect_uri=https://evil.example/')
    expect([page.status, page.location]).toEqual([400, undefined])
  })
})
