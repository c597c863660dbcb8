import { connect } from 'node:http2'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type GatePeople, peopleOf } from '../support/people.ts'
import { testCertificate } from '../support/upstream_tls.ts'
import { type Browser, refreshOf, startBrowser } from './browser.ts'
import { HOST, type Scene, type Start, startScene } from './scene.ts'
import { headersSeen, identity } from './seen.ts'

const OCTROI = 'octroi.example.org'
const PAGE = `https://${HOST}/people/1?q=a%2Fb&r=%C3%A9`
const PASSWORD = 'a difference engine'
const SESSION = '__Host-octroi_session'

/** A person comes with a browser: to the sign-in and back, and out again. */
export function describeSessions(start: Start): void {
  let scene: Scene
  let people: GatePeople
  beforeAll(async () => {
    scene = await startScene(start, undefined, { OCTROI_PUBLIC_URL: `https://${OCTROI}` })
    people = await peopleOf(scene.gate)
    const must = async (path: string, body: object) =>
      expect((await scene.gate.api('POST', path, body)).status).toBe(201)
    await must('/accounts', {
      kind: 'person',
      id: 'ada',
      name: 'Ada Lovelace',
      password: PASSWORD,
      email: 'ada@example.org',
      groups: ['sales'],
    })
    const route = { host: HOST, accept: { any: ['session'] }, allow: { groups: ['sales'] } }
    await must('/routes', { ...route, id: 'people', path: '/people/**' })
    await must('/routes', { ...route, id: 'two', path: '/people/two', session: { mfa: true } })
  })
  afterAll(async () => {
    await people?.close()
    await scene?.stop()
  })
  beforeEach(() => void scene.application.seen.splice(0))

  const browser = () => startBrowser({ http: scene.proxy.port, https: scene.proxy.tlsPort })

  async function enter(by: Browser, more: Parameters<GatePeople['signIn']>[1] = {}): Promise<string> {
    const { headers } = await by.open(PAGE)
    const code = await people.leadOn(await people.signIn('ada', more), headers.location as string)
    const { status, headers: next } = await by.open(code)
    expect([status, next.location]).toEqual([302, PAGE])
    return code
  }

  it('a page, the sign-in, the page, a script, the sign-out, and no page', async () => {
    const by = browser()
    by.put(HOST, 'a', '1')
    const first = await by.open(PAGE)
    expect(first.status).toBe(302)
    const link = new URL(first.headers.location as string)
    expect([link.origin, link.pathname, link.searchParams.get('return_to')]).toEqual([
      `https://${OCTROI}`,
      '/sign-in',
      PAGE,
    ])
    expect([...by.cookies(HOST).keys()]).toEqual(['a', '__Host-octroi_visit'])

    const form = await by.open(link.href)
    expect([form.status, form.body.includes(HOST)]).toEqual([200, true])
    const signedIn = await by.submit(link.href, form, { login: 'ada', password: PASSWORD })
    const second = await by.open(refreshOf(signedIn) ?? '')
    expect([second.status, second.headers.location]).toEqual([302, PAGE])
    expect(by.cookies(HOST).get(SESSION)).toMatch(/^[\w-]{43}$/)
    expect(scene.application.seen).toEqual([])

    const page = await by.open(PAGE)
    expect([page.status, page.body]).toEqual([200, 'the application'])
    expect(identity(scene)).toMatchObject({
      'Octroi-Subject': 'ada',
      'Octroi-Kind': 'person',
      'Octroi-Groups': 'sales',
    })
    expect((await by.fetch(PAGE, 'POST')).status).toBe(200)
    // D2: an application that sees our cookie can be its user.
    for (const cookie of [SESSION, '__Host-octroi_visit'])
      expect(headersSeen(scene)).not.toContain(by.cookies(HOST).get(cookie))
    expect(scene.application.seen.map(({ header }) => header('cookie')?.replace(/;$/, ''))).toEqual(['a=1', 'a=1'])

    const out = await by.open(`https://${HOST}/.octroi/sign-out`)
    expect([out.status, out.headers.location]).toEqual([
      302,
      `https://${OCTROI}/session/sign-out?return_to=${encodeURIComponent(`https://${HOST}/`)}`,
    ])
    expect(by.cookies(HOST).has(SESSION)).toBe(false)
    const asked = await by.open(out.headers.location as string)
    expect((await by.submit(out.headers.location as string, asked, {})).status).toBe(200)
    expect(by.cookies(OCTROI).has(SESSION)).toBe(false)
    const again = await by.open(PAGE)
    expect([again.status, (await by.open(again.headers.location as string)).status]).toEqual([302, 200])
    expect(scene.application.seen).toHaveLength(2)
  })

  it('who is signed in enters the next host, or comes back, without being asked', async () => {
    const by = browser()
    const link = (await by.open(PAGE)).headers.location as string
    await by.submit(link, await by.open(link), { login: 'ada', password: PASSWORD })
    const away = await by.open(PAGE)
    const back = await by.open(away.headers.location as string)
    expect(back.status).toBe(302)
    expect((await by.open(back.headers.location as string)).headers.location).toBe(PAGE)
    expect((await by.open(PAGE)).status).toBe(200)
  })

  it('a browser that refuses cookies is told so after a few rounds', async () => {
    const by = browser()
    const link = (await by.open(PAGE)).headers.location as string
    await by.submit(link, await by.open(link), { login: 'ada', password: PASSWORD })
    let answer = await by.open(PAGE)
    for (let round = 0; round < 20 && answer.status === 302; round++) {
      by.forget(HOST)
      answer = await by.open(answer.headers.location as string)
    }
    expect([answer.status, answer.body.includes('cookies')]).toEqual([400, true])
  })

  it('401 for a script without a session, with how to get in, and no redirect', async () => {
    for (const method of ['GET', 'POST', 'HEAD']) {
      const answer = await browser().fetch(PAGE, method)
      expect([answer.status, answer.headers.location]).toEqual([401, undefined])
      expect(answer.headers['www-authenticate']).toBe('Cookie realm="octroi"')
      expect(answer.headers['octroi-error']).toBe('unauthenticated')
    }
    expect(scene.application.seen).toEqual([])
  })

  it('401 for a script that calls itself one in the old way', async () => {
    const lines = ['Accept: text/html', 'X-Requested-With: XMLHttpRequest', `X-Forwarded-Proto: https`]
    const answer = await scene.ask('GET /people/1', ...lines)
    expect([answer.status, answer.header('location')]).toEqual([401, undefined])
  })

  it('D2: a code is worth nothing in another browser, nor a second time', async () => {
    const by = browser()
    const code = await enter(by)
    for (const other of [browser(), by]) {
      const token = other.cookies(HOST).get(SESSION)
      const { status, headers } = await other.open(code)
      expect(status).toBe(302)
      // Who has a session is led to the page, anybody else to the sign-in.
      expect(headers.location).toMatch(
        token === undefined ? /^https:\/\/octroi\.example\.org\/sign-in\?/ : /\/people\/1\?/,
      )
      expect(other.cookies(HOST).get(SESSION)).toBe(token)
    }
  })

  it('the session says from where the browser came, as the proxy tells', async () => {
    await enter(browser())
    const there = await people.open.store.sessions.list({ limit: 50 }, { account: 'ada', host: HOST })
    const latest = there.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))[0]
    expect([latest?.address, latest?.user_agent]).toEqual(['127.0.0.1', 'a browser'])
  })

  it('a session that came in pieces counts, and none of it arrives', async () => {
    const by = browser()
    await enter(by)
    const token = by.cookies(HOST).get(SESSION) as string
    const tls = { ca: testCertificate().ca, servername: HOST, checkServerIdentity: () => undefined }
    const session = connect(`https://127.0.0.1:${scene.proxy.tlsPort}`, tls)
    const status = await new Promise((resolve, reject) => {
      const cookie = ['a=1', `${SESSION}=${token}`, 'b=2']
      const stream = session.request({ ':authority': HOST, ':path': '/people/1', cookie })
      stream.once('response', (answer) => resolve(answer[':status'])).once('error', reject)
      stream.resume().end()
    }).finally(() => session.destroy())
    expect(status).toBe(200)
    expect(headersSeen(scene)).not.toContain(token)
    expect(headersSeen(scene)).toContain('a=1')
  })

  it('a page that asks for two factors leads to the sign-in once more', async () => {
    const by = browser()
    await enter(by)
    const { status, headers } = await by.open(`https://${HOST}/people/two`)
    expect([status, new URL(headers.location as string).searchParams.get('mfa')]).toEqual([302, '1'])
    const strong = browser()
    await enter(strong, { amr: ['pwd', 'otp', 'mfa'] })
    expect((await strong.open(`https://${HOST}/people/two`)).status).toBe(200)
  })

  it('a session is dead when its account is disabled', async () => {
    const by = browser()
    await enter(by)
    expect((await by.fetch(PAGE)).status).toBe(200)
    await scene.gate.api('POST', '/accounts/ada/disable')
    expect([(await by.fetch(PAGE)).status, (await by.open(PAGE)).status]).toEqual([401, 302])
    await scene.gate.api('POST', '/accounts/ada/enable')
  })

  it('no page over plain HTTP: there a session cannot be kept', async () => {
    const { status, headers } = await browser().open(`http://${HOST}/people/1`)
    expect([status, headers.location, headers['set-cookie']]).toEqual([401, undefined, undefined])
  })
}
