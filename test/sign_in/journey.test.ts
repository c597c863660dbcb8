import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Passwords } from '../../src/inbound/passwords.ts'
import { HOST } from '../forward_auth/scene.ts'
import { type Jar, PUBLIC, pathOf, type SessionScene, startSessionScene } from '../forward_auth/session_scene.ts'
import { PlainBrowser } from './browser.ts'

const PASSWORD = 'a long enough secret'

let scene: SessionScene
beforeAll(async () => {
  scene = await startSessionScene()
  const hash = await new Passwords().hash(PASSWORD)
  for (const id of ['ada', 'ben']) await scene.people.open.store.accounts.setPassword(id, hash)
})
afterAll(() => scene.stop())

const browserAtOctroi = () => new PlainBrowser(scene.gate.url)

async function typePassword(browser: PlainBrowser, login = 'ada') {
  return browser.submit('/sign-in/password', { login, password: PASSWORD })
}

describe('to our own page', () => {
  it('200 with a form; 303 to /account after the right password, with a cookie that only our host can have set', async () => {
    const browser = browserAtOctroi()
    const page = await browser.get('/sign-in')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const done = await typePassword(browser)
    expect([done.status, done.location]).toEqual([303, '/account'])
    const [line = ''] = done.headers.getSetCookie().filter((cookie) => cookie.includes('session'))
    expect(line).toMatch(/^__Host-octroi_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect((await browser.get('/account')).status).toBe(200)
  })

  it('in French where that is wanted, and the choice stays', async () => {
    const browser = browserAtOctroi()
    expect((await browser.get('/sign-in?lang=fr')).headers.get('content-language')).toBe('fr')
    expect((await browser.get('/sign-in')).headers.get('content-language')).toBe('fr')
  })

  it('an address by its spelling: one account, one way in', async () => {
    const browser = browserAtOctroi()
    await browser.get('/sign-in')
    expect((await typePassword(browser, ' ADA@Example.ORG')).location).toBe('/account')
  })
})

it('is counted by what it came to', async () => {
  const figures = async () => {
    const headers = { authorization: `Bearer ${scene.gate.adminKey}` }
    const text = await (await fetch(`${scene.gate.url}/metrics`, { headers })).text()
    const lines = [...text.matchAll(/octroi_sign_ins_total\{outcome="(\w+)"\} (\d+)/g)]
    return Object.fromEntries(lines.map(([, outcome, count]) => [outcome, Number(count)]))
  }
  const before = await figures()
  const browser = browserAtOctroi()
  await browser.get('/sign-in')
  await browser.submit('/sign-in/password', { login: 'ada', password: 'not this one' })
  await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
  const after = await figures()
  expect([Number(after.wrong) - Number(before.wrong), Number(after.signed_in) - Number(before.signed_in)]).toEqual([
    1, 1,
  ])
})

describe('to a host behind forward-auth', () => {
  it('from its page over the sign-in back to its page, with a session of its own', async () => {
    const jar: Jar = new Map()
    const asked = await scene.open(jar, { uri: '/books?year=2026' })
    expect(asked.status).toBe(302)
    const browser = browserAtOctroi()
    const page = await browser.get(pathOf(asked.header('location') as string))
    expect(page.text).toContain(HOST)
    const done = await typePassword(browser)
    // A redirect to another host after a POST would be held against `form-action`: a page leads there.
    expect(done.status).toBe(200)
    expect(done.location).toMatch(new RegExp(`^https://${HOST}/\\.octroi/session\\?code=`))
    const entered = await scene.open(jar, { uri: pathOf(done.location as string) })
    expect([entered.status, entered.header('location')]).toEqual([302, `https://${HOST}/books?year=2026`])
    expect((await scene.open(jar, { uri: '/books?year=2026' })).status).toBe(200)
  })

  it('302 at once for whoever is signed in already; the code is of no use in another browser', async () => {
    const browser = browserAtOctroi()
    await browser.get('/sign-in')
    await typePassword(browser)
    const jar: Jar = new Map()
    const asked = await scene.open(jar)
    const led = await browser.get(pathOf(asked.header('location') as string))
    expect([led.status, led.location?.startsWith(`https://${HOST}/.octroi/session?code=`)]).toEqual([302, true])
    const thief: Jar = new Map()
    await scene.open(thief)
    await scene.open(thief, { uri: pathOf(led.location as string) })
    expect(thief.has('__Host-octroi_session')).toBe(false)
  })

  it('an account that is disabled is out everywhere, at once', async () => {
    const { jar, own } = await scene.enter('ada')
    const browser = browserAtOctroi()
    browser.cookies.set('__Host-octroi_session', own.token)
    expect((await browser.get('/sign-in')).location).toBe('/account')
    await scene.must('POST', '/accounts/ada/disable')
    expect((await browser.get('/sign-in')).status).toBe(200)
    expect((await scene.open(jar)).status).toBe(302)
    await scene.must('POST', '/accounts/ada/enable')
  })

  it('the way out of a host ends its session, and offers that of ours', async () => {
    const { jar, own } = await scene.enter('ada')
    const left = await scene.open(jar, { uri: '/.octroi/sign-out' })
    expect(left.header('location')).toContain(`${PUBLIC}/session/sign-out`)
    const browser = browserAtOctroi()
    await browser.get('/sign-in')
    browser.cookies.set('__Host-octroi_session', own.token)
    const page = await browser.get(pathOf(left.header('location') as string))
    expect(page.status).toBe(200)
    const done = await browser.submit('/session/sign-out')
    expect(done.status).toBe(200)
    expect(browser.cookies.has('__Host-octroi_session')).toBe(false)
    expect(await scene.people.open.store.sessions.get(own.session.id)).toBeUndefined()
  })

  it('more than it can be lost: a loop is told, not gone on with', async () => {
    const browser = browserAtOctroi()
    await browser.get('/sign-in')
    await typePassword(browser)
    const statuses: number[] = []
    for (let i = 0; i < 5; i++) {
      const asked = await scene.open(new Map())
      statuses.push((await browser.get(pathOf(asked.header('location') as string))).status)
    }
    expect(statuses).toEqual([302, 302, 302, 302, 400])
  })
})

describe('T15 nobody is led to an address that is not ours', () => {
  const evil = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/%09/evil.example',
    '/%2F/evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https://evil.example',
    'https://evil.example/.octroi/session',
    `https://${HOST}@evil.example`,
    `https://${HOST}.evil.example`,
    `https://evil.example#${HOST}`,
    `https://evil.example?${HOST}`,
    `https://evil.example\\@${HOST}`,
    `https://evil${HOST}`,
    `http://${HOST}/`,
    `https://${HOST}:8443/`,
    `javascript:alert(1)`,
    `JavaScript:alert(1)//https://${HOST}`,
    'data:text/html,x',
    '\u0000https://evil.example',
    ' https://evil.example',
    'https://evil.example%0d%0aSet-Cookie:a=b',
    '/account\r\nSet-Cookie: a=b',
    '/account%0d%0aSet-Cookie:a=b/..//evil.example',
    '/account/../../evil.example',
    '/account/..//evil.example',
    '/account@evil.example',
    '/accountevil.example',
    '/proxy/x/',
    '/api/v1/keys',
    '/connect/x',
    'account',
    '.',
    '',
    '/',
    'https://octroi.example.org/account',
    'ftp://books.example.org/',
    `https://[::1]/`,
    'https://1249767214/',
  ]
  let signedIn: PlainBrowser | undefined
  const whoIsIn = async () => {
    if (signedIn !== undefined) return signedIn
    signedIn = browserAtOctroi()
    await signedIn.get('/sign-in')
    await typePassword(signedIn)
    return signedIn
  }

  it.each(evil)('return_to=%j', async (address) => {
    const browser = browserAtOctroi()
    const query = new URLSearchParams({ return_to: address })
    for (const path of ['/sign-in', '/sign-in/password', '/session/sign-out']) {
      const answer = await browser.get(`${path}?${query}`)
      expect(answer.headers.get('location')).toBeNull()
      expect(answer.location).toBeUndefined()
      if (answer.status === 200) continue
      expect(answer.status).toBe(400)
    }
    const entered = await whoIsIn()
    for (const path of ['/sign-in', '/session/host']) {
      const answer = await entered.get(`${path}?${query}`)
      expect(answer.location ?? '').toMatch(/^(?:\/account[^/\\]*)?$/)
    }
  })
})
