import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { SignInRefused } from '../../src/sign_in/method.ts'
import { codeOf, HOST } from './scene.ts'
import { type Jar, OTHER, PUBLIC, pathOf, type SessionScene, startSessionScene } from './session_scene.ts'

/** D2: each host has a session of its own, by a code that is good once, there, in that browser, for a minute. */

let scene: SessionScene
beforeAll(async () => {
  scene = await startSessionScene()
})
afterAll(() => scene.stop())
afterEach(() => void vi.useRealTimers())

const SESSION = '__Host-octroi_session'

/** Somebody who is on his way: his browser's cookies at the host, and the code that it has just been given. */
async function onTheWay(question: { host?: string; uri?: string } = {}) {
  const jar: Jar = new Map()
  const link = (await scene.open(jar, question)).header('location') as string
  const own = await scene.people.signIn('ada')
  return { jar, own, link, code: await scene.people.leadOn(own, link) }
}

/** Where a code that is no good leads. */
const again = (host: string, path: string) =>
  expect.stringContaining(`${PUBLIC}/sign-in?return_to=${encodeURIComponent(`https://${host}${path}`)}&binding=`)

describe('D2: a code', () => {
  it('makes a session of that host, and leads back to where the person was', async () => {
    const { jar, code } = await onTheWay({ uri: '/a?b=c&d=%2F' })
    expect(new URL(code).origin).toBe(`https://${HOST}`)
    const answer = await scene.open(jar, { uri: pathOf(code) })
    expect([answer.status, answer.header('location')]).toEqual([302, `https://${HOST}/a?b=c&d=%2F`])
    expect(answer.header('set-cookie')).toMatch(
      /^__Host-octroi_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(answer.header('referrer-policy')).toBe('no-referrer')
    expect(codeOf(await scene.open(jar))).toBe('200 passed')
  })

  it('is worth nothing at another host', async () => {
    const { jar, code } = await onTheWay()
    const answer = await scene.open(jar, { uri: pathOf(code), host: OTHER })
    expect([answer.status, answer.header('location')]).toEqual([302, again(OTHER, '/')])
    // It was tried: it is worth nothing at its own either.
    expect((await scene.open(jar, { uri: pathOf(code) })).header('location')).toEqual(again(HOST, '/'))
    expect(jar.has(SESSION)).toBe(false)
  })

  it('is good once', async () => {
    const { jar, code } = await onTheWay()
    const copy = new Map(jar)
    await scene.open(jar, { uri: pathOf(code) })
    const second = await scene.open(copy, { uri: pathOf(code) })
    expect([second.header('location'), copy.has(SESSION)]).toEqual([again(HOST, '/'), false])
  })

  it('T19: of ten that redeem it at once, one has a session', async () => {
    const { jar, code } = await onTheWay()
    const jars = Array.from({ length: 10 }, () => new Map(jar))
    await Promise.all(jars.map((one) => scene.open(one, { uri: pathOf(code) })))
    expect(jars.filter((one) => one.has(SESSION))).toHaveLength(1)
  })

  it('opened a second time in the same browser leads to the page: the session is there', async () => {
    const { jar, code } = await onTheWay({ uri: '/page' })
    await scene.open(jar, { uri: pathOf(code) })
    const token = jar.get(SESSION)
    const second = await scene.open(jar, { uri: pathOf(code) })
    expect([second.header('location'), jar.get(SESSION)]).toEqual([`https://${HOST}/page`, token])
  })

  it('is worth nothing in another browser: without the visit, or with its own', async () => {
    for (const browser of [async (): Promise<Jar> => new Map(), async () => (await onTheWay()).jar]) {
      const { code } = await onTheWay()
      const jar = await browser()
      const answer = await scene.open(jar, { uri: pathOf(code) })
      expect([answer.header('location'), jar.has(SESSION)]).toEqual([again(HOST, '/'), false])
    }
  })

  it('is worth nothing after a minute', async () => {
    const { jar, code } = await onTheWay()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_001 })
    const answer = await scene.open(jar, { uri: pathOf(code) })
    expect([answer.header('location'), jar.has(SESSION)]).toEqual([again(HOST, '/'), false])
  })

  it('is worth nothing once the session that it came from has ended', async () => {
    const { jar, own, code } = await onTheWay()
    await scene.people.sessions.end(own.session.id)
    await scene.open(jar, { uri: pathOf(code) })
    expect(jar.has(SESSION)).toBe(false)
  })

  it.each(['', 'x', 'a'.repeat(43), `${'a'.repeat(43)}&code=${'b'.repeat(43)}`, '%00', "' or 1=1", 'é'.repeat(43)])(
    'T36: %j is none',
    async (code) => {
      const jar: Jar = new Map()
      const answer = await scene.open(jar, { uri: `/.octroi/session?code=${encodeURI(code)}&to=%2Fpage` })
      expect([answer.status, answer.header('location'), jar.has(SESSION)]).toEqual([302, again(HOST, '/page'), false])
    },
  )

  it.each(['https://evil.example/', '//evil.example/', '/\\evil.example', '@evil.example', '', '/.octroi/sign-out'])(
    'T15: `to` %j does not lead away, with a good code or a bad one',
    async (to) => {
      const { jar, code } = await onTheWay()
      const url = new URL(code)
      url.searchParams.set('to', to)
      const good = (await scene.open(jar, { uri: pathOf(url.href) })).header('location') as string
      expect(new URL(good).origin).toBe(`https://${HOST}`)
      expect(new URL(good).pathname).not.toMatch(/^\/\.octroi/)
      const bad = (await scene.open(new Map(), { uri: pathOf(url.href) })).header('location') as string
      expect(new URL(new URL(bad).searchParams.get('return_to') as string).origin).toBe(`https://${HOST}`)
    },
  )

  it('two pages of one browser that are on their way at once both arrive', async () => {
    const jar: Jar = new Map()
    const links = [
      (await scene.open(jar, { uri: '/1' })).header('location') as string,
      (await scene.open(jar, { uri: '/2' })).header('location') as string,
    ]
    const own = await scene.people.signIn('ada')
    for (const [i, link] of links.entries()) {
      const answer = await scene.open(jar, { uri: pathOf(await scene.people.leadOn(own, link)) })
      expect(answer.header('location')).toBe(`https://${HOST}/${i + 1}`)
    }
    expect(codeOf(await scene.open(jar))).toBe('200 passed')
  })

  it('a browser that keeps nothing goes round four times, and is told why', async () => {
    const own = await scene.people.signIn('ada')
    const round = async () => {
      const link = (await scene.open(new Map(), { uri: '/round' })).header('location') as string
      return scene.people.leadOn(own, link)
    }
    for (let i = 0; i < 4; i++) expect(await round()).toContain('/.octroi/session?code=')
    const refusal = await round().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(SignInRefused)
    expect(refusal).toMatchObject({ reason: 'loop', status: 400, detail: expect.stringContaining('cookies') })
    // Ten pages that open at once are no circle.
    for (let i = 0; i < 10; i++) {
      const link = (await scene.open(new Map(), { uri: `/tab/${i}` })).header('location') as string
      await scene.people.leadOn(own, link)
    }
  })

  it('by the path itself, as Envoy asks, and by X-Original-URL', async () => {
    for (const asked of [
      (path: string, headers: string[]) =>
        scene.askRaw(`/forward-auth${path}`, ['Host', HOST, 'X-Forwarded-Proto', 'https', ...headers]),
      (path: string, headers: string[]) =>
        scene.askRaw('/forward-auth', [
          'X-Original-URL',
          `https://${HOST}${path}`,
          'X-Original-Method',
          'GET',
          ...headers,
        ]),
    ]) {
      const { jar, code } = await onTheWay({ uri: '/page' })
      const answer = await asked(pathOf(code), ['Cookie', `__Host-octroi_visit=${jar.get('__Host-octroi_visit')}`])
      expect([answer.status, answer.header('location')]).toEqual([302, `https://${HOST}/page`])
      expect(answer.header('set-cookie')).toMatch(/^__Host-octroi_session=/)
    }
  })

  it('is in no line of the audit trail', async () => {
    const { jar, code } = await onTheWay()
    await scene.open(jar, { uri: pathOf(code) })
    const lines = JSON.stringify((await scene.gate.api('GET', '/audit?limit=50')).body)
    expect(lines).toContain('/.octroi/session')
    expect(lines).toContain('"account":"ada"')
    expect(lines).not.toContain(new URL(code).searchParams.get('code'))
    expect(lines).not.toContain(jar.get(SESSION))
  })
})

describe('D2: a session', () => {
  it('of one host is worth nothing at another, nor at our own address', async () => {
    const { jar } = await scene.enter('ada')
    const token = jar.get(SESSION) as string
    expect((await scene.open(new Map(jar), { host: OTHER })).status).toBe(302)
    expect(codeOf(await scene.fetch(new Map(jar), { host: OTHER }))).toBe('401 unauthenticated')
    const version = await scene.people.open.hot.version()
    expect(await scene.people.admissions.find(version, token, null)).toBeUndefined()
    expect(await scene.people.admissions.find(version, token, HOST)).toMatchObject({ account: { id: 'ada' } })
  })

  it('of our own address is worth nothing at a host', async () => {
    const { token } = await scene.people.signIn('ada')
    const jar: Jar = new Map([[SESSION, token]])
    expect((await scene.open(jar)).status).toBe(302)
    expect(codeOf(await scene.fetch(new Map([[SESSION, token]])))).toBe('401 unauthenticated')
  })

  it('T34: is another one after every sign-in, and the one before it is dead', async () => {
    const first = await scene.enter('ada')
    const before = new Map(first.jar)
    const link = first.link
    const code = await scene.people.leadOn(first.own, link)
    await scene.open(first.jar, { uri: pathOf(code) })
    expect(first.jar.get(SESSION)).not.toBe(before.get(SESSION))
    expect(codeOf(await scene.open(first.jar))).toBe('200 passed')
    expect((await scene.open(before)).status).toBe(302)
  })

  it('T34: a token that somebody planted is never taken over', async () => {
    const planted = 'p'.repeat(43)
    const jar: Jar = new Map([[SESSION, planted]])
    const link = (await scene.open(jar)).header('location') as string
    const own = await scene.people.signIn('ada')
    await scene.open(jar, { uri: pathOf(await scene.people.leadOn(own, link)) })
    expect(jar.get(SESSION)).not.toBe(planted)
    expect((await scene.open(new Map([[SESSION, planted]]))).status).toBe(302)
  })
})
