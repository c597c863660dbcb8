import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RawResponse } from '../support/raw_http.ts'
import { codeOf, HOST, identityOf } from './scene.ts'
import { type Jar, NAVIGATION, PUBLIC, pathOf, type SessionScene, startSessionScene } from './session_scene.ts'

/** What people are told at a host behind the gate: pages lead to the sign-in, scripts get 401, who has a session passes. */

let scene: SessionScene
beforeAll(async () => {
  scene = await startSessionScene()
  await scene.route({ id: 'keys', path: '/keys/**', accept: { any: ['api_key'] }, allow: { authenticated: true } })
  await scene.route({
    id: 'open',
    path: '/open/**',
    accept: { any: ['anonymous', 'session'] },
    allow: { groups: ['staff'] },
  })
})
afterAll(() => scene.stop())

const nobody = (): Jar => new Map()
const leadsToSignIn = (answer: RawResponse) => answer.header('location')?.startsWith(`${PUBLIC}/sign-in?`) === true

describe('without a session', () => {
  it('302 to the sign-in for a page, back to where it was, bound to the browser', async () => {
    const answer = await scene.open(nobody(), { uri: '/a%20b/c?d=e&f=%C3%A9' })
    expect(answer.status).toBe(302)
    const link = new URL(answer.header('location') as string)
    expect(link.origin + link.pathname).toBe(`${PUBLIC}/sign-in`)
    expect([...link.searchParams.keys()]).toEqual(['return_to', 'binding'])
    expect(link.searchParams.get('return_to')).toBe(`https://${HOST}/a%20b/c?d=e&f=%C3%A9`)
    expect(answer.header('set-cookie')).toMatch(
      /^__Host-octroi_visit=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/,
    )
    expect(answer.header('set-cookie')).not.toContain(link.searchParams.get('binding'))
    expect([answer.header('cache-control'), answer.header('octroi-subject'), answer.body.length]).toEqual([
      'no-store',
      '',
      0,
    ])
  })

  it.each<[string, string, readonly string[], number]>([
    ['a navigation', 'GET', NAVIGATION, 302],
    ['a navigation by HEAD', 'HEAD', NAVIGATION, 302],
    ['a browser that says nothing of modes, and wants HTML', 'GET', ['Accept', 'text/html,*/*;q=0.8'], 302],
    ['a script that wants HTML', 'GET', ['Accept', 'text/html', 'Sec-Fetch-Mode', 'cors'], 401],
    ['an image', 'GET', ['Accept', 'image/*', 'Sec-Fetch-Mode', 'no-cors'], 401],
    ['a script of long ago', 'GET', ['Accept', 'text/html', 'X-Requested-With', 'XMLHttpRequest'], 401],
    ['a program', 'GET', [], 401],
    ['a program that takes anything', 'GET', ['Accept', '*/*'], 401],
    ['a form', 'POST', NAVIGATION, 401],
    ['OPTIONS', 'OPTIONS', NAVIGATION, 401],
  ])('%s by %s with %j: %i', async (_, method, headers, status) => {
    const answer = await scene.ask({ method, headers })
    expect([answer.status, leadsToSignIn(answer)]).toEqual([status, status === 302])
    if (status === 401) expect(answer.header('www-authenticate')).toBe('Cookie realm="octroi", Bearer realm="octroi"')
    expect(answer.header('set-cookie') !== undefined).toBe(status === 302)
  })

  it('401 for a page with a wrong key, which is not asked for a session besides', async () => {
    expect(codeOf(await scene.ask({ headers: [...NAVIGATION, 'API-KEY', 'wrong-key-of-nobody'] }))).toBe(
      '401 unauthenticated',
    )
  })

  it('401 for a page whose route takes no session, 403 where there is none', async () => {
    expect(codeOf(await scene.open(nobody(), { uri: '/keys/1' }))).toBe('401 unauthenticated')
    expect(codeOf(await scene.open(nobody(), { host: 'elsewhere.example.org' }))).toBe('403 not_granted')
  })

  it('200 where nobody has to be anybody, with a blank identity', async () => {
    const answer = await scene.open(nobody(), { uri: '/open/x' })
    expect([codeOf(answer), identityOf(answer).subject]).toEqual(['200 passed', ''])
  })

  it('401 over plain HTTP, where no session can be had; 302 on loopback, with a cookie that it can keep', async () => {
    expect(codeOf(await scene.open(nobody(), { proto: 'http' }))).toBe('401 unauthenticated')
    await scene.route({ host: 'app.localhost', accept: { any: ['session'] }, allow: { authenticated: true } })
    const answer = await scene.open(nobody(), { proto: 'http', host: 'app.localhost:8080', uri: '/x' })
    expect(answer.status).toBe(302)
    expect(new URL(answer.header('location') as string).searchParams.get('return_to')).toBe(
      'http://app.localhost:8080/x',
    )
    expect(answer.header('set-cookie')).toMatch(
      /^octroi_visit=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    )
  })

  it('401 at a port that is not the public URL’s: the code would go to whatever listens there', async () => {
    expect(codeOf(await scene.open(nobody(), { host: `${HOST}:8444` }))).toBe('401 unauthenticated')
    expect((await scene.open(nobody(), { host: `${HOST}:443` })).status).toBe(302)
  })

  it('nginx gets 401 with the address in Octroi-Redirect, and the cookie', async () => {
    const answer = await scene.open(nobody(), { uri: '/x', query: '?for=nginx' })
    expect([answer.status, answer.header('location')]).toEqual([401, undefined])
    expect(answer.header('octroi-redirect')).toMatch(/^https:\/\/octroi\.example\.org\/sign-in\?return_to=/)
    expect(answer.header('set-cookie')).toMatch(/^__Host-octroi_visit=/)
    const script = await scene.fetch(nobody(), { query: '?for=nginx' })
    expect([script.status, script.header('octroi-redirect')]).toEqual([401, undefined])
  })

  it('Envoy asks by the path itself', async () => {
    const asked = (path: string, more: readonly string[]) =>
      scene.askRaw(`/forward-auth${path}`, ['Host', HOST, 'X-Forwarded-Proto', 'https', ...more])
    const answer = await asked('/x?y=z', NAVIGATION)
    expect([answer.status, new URL(answer.header('location') as string).searchParams.get('return_to')]).toEqual([
      302,
      `https://${HOST}/x?y=z`,
    ])
    const { jar } = await scene.enter('ada')
    const cookie = `a=1; __Host-octroi_session=${jar.get('__Host-octroi_session')}; b=2`
    const passed = await asked('/x', ['Cookie', cookie])
    expect([codeOf(passed), identityOf(passed).subject, passed.header('cookie')]).toEqual([
      '200 passed',
      'ada',
      'a=1; b=2',
    ])
  })

  it('a page with an endless query is come back to without it', async () => {
    const answer = await scene.open(nobody(), { uri: `/x?${'y'.repeat(3_000)}` })
    expect(new URL(answer.header('location') as string).searchParams.get('return_to')).toBe(`https://${HOST}/x`)
  })
})

describe('with a session', () => {
  it('200 with who it is; a script too', async () => {
    const { jar } = await scene.enter('ada', {}, { uri: '/page?x=1' })
    const expected = {
      subject: 'ada',
      kind: 'person',
      name: 'Person ada',
      email: 'ada@example.org',
      groups: 'staff',
      'key-id': '',
    }
    for (const answer of [await scene.open(jar), await scene.fetch(jar, { method: 'POST' })])
      expect([codeOf(answer), identityOf(answer)]).toEqual(['200 passed', expected])
  })

  it('the assertion says how the person signed in, and for whom he acts', async () => {
    await scene.must('POST', '/groups', { id: 'town', name: 'Town' })
    await scene.route({ id: 'town', path: '/town', accept: { any: ['session'] }, allow: { groups: ['town'] } })
    const now = new Date().toISOString()
    const times = { created_at: now, updated_at: now }
    const organization = { id: 'paris', siret: '21750001600019', label: 'Paris', groups: ['town'], ...times }
    await scene.people.open.store.organizations.insert(organization)
    await scene.people.open.store.organizations.setMemberships('ben', 'manual', ['paris'], now)
    const authTime = '2026-11-22T08:00:00.000Z'
    const more = { amr: ['pwd', 'otp', 'mfa'] as const, acr: 'eidas1', authTime, organization: 'paris' }
    const { jar } = await scene.enter('ben', more, { uri: '/town' })
    const answer = await scene.open(jar, { uri: '/town' })
    const jwks = (await (await fetch(`${scene.gate.url}/.well-known/jwks.json`)).json()) as { keys: [] }
    const { payload } = await jwtVerify(answer.header('octroi-assertion') as string, createLocalJWKSet(jwks), {
      audience: HOST,
      issuer: PUBLIC,
    })
    expect(payload).toMatchObject({
      sub: 'ben',
      proof: 'session',
      groups: ['town'],
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'eidas1',
      auth_time: Date.parse(authTime) / 1000,
      organization: { id: 'paris', siret: '21750001600019' },
    })
    // Who acts for nobody is of none of its groups.
    const alone = await scene.enter('ben', {}, { uri: '/town' })
    expect(codeOf(await scene.open(alone.jar, { uri: '/town' }))).toBe('403 not_granted')
  })

  it('the assertion of one session is never that of another of the same person', async () => {
    const claims = async (jar: Jar) => decodeJwt((await scene.open(jar)).header('octroi-assertion') as string)
    const one = await scene.enter('ada')
    const two = await scene.enter('ada', { amr: ['swk', 'user'], authTime: '2026-11-22T08:00:00.000Z' })
    for (const _ of [1, 2]) {
      expect(await claims(one.jar)).toMatchObject({ amr: ['pwd'], sub: 'ada' })
      expect(await claims(two.jar)).toMatchObject({ amr: ['swk', 'user'], auth_time: 1_795_334_400 })
    }
  })

  it('403 for a person whom the route does not allow, and no way round in circles', async () => {
    const { jar } = await scene.enter('ben')
    const answer = await scene.open(jar)
    expect([codeOf(answer), answer.header('location')]).toEqual(['403 not_granted', undefined])
  })

  it('a key wins over the session', async () => {
    const { jar } = await scene.enter('ada')
    const key = await scene.key()
    expect(codeOf(await scene.open(jar, { headers: ['API-KEY', key.key] }))).toBe('403 not_granted')
    expect(codeOf(await scene.open(jar, { headers: ['API-KEY', 'wrong-key-of-nobody'] }))).toBe('401 unauthenticated')
    // What the route does not take is the application's own.
    await scene.route({ path: '/people', accept: { any: ['session'] }, allow: { groups: ['staff'] } })
    expect(
      codeOf(await scene.open(jar, { uri: '/people', headers: ['Authorization', 'Bearer of-the-application'] })),
    ).toBe('200 passed')
  })

  it('sign-out ends it here, and leads to the one at our own address', async () => {
    const { jar } = await scene.enter('ada')
    const before = new Map(jar)
    const answer = await scene.open(jar, { uri: '/.octroi/sign-out' })
    expect([answer.status, answer.header('location')]).toEqual([
      302,
      `${PUBLIC}/session/sign-out?return_to=${encodeURIComponent(`https://${HOST}/`)}`,
    ])
    expect(jar.has('__Host-octroi_session')).toBe(false)
    expect((await scene.open(before)).status).toBe(302)
    expect((await scene.open(nobody(), { uri: '/.octroi/sign-out' })).status).toBe(302)
  })

  it('405 for anything but GET at Octroi’s own pages, and the pages of the application where nobody signs in', async () => {
    const { jar, code } = await scene.enter('ada')
    for (const method of ['POST', 'HEAD', 'OPTIONS'])
      expect(codeOf(await scene.open(jar, { method, uri: pathOf(code) }))).toBe('405 method_not_allowed')
    await scene.route({ id: 'plain', host: 'plain.example.org', accept: { any: ['anonymous'] } })
    expect(codeOf(await scene.open(jar, { host: 'plain.example.org', uri: '/.octroi/sign-out' }))).toBe('200 passed')
  })
})
