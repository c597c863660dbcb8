import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlainBrowser } from './browser.ts'
import { type DeskScene, deskScene } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.account('ada', {}, PASSWORD)
})
afterAll(() => scene.stop())

const typed = { login: 'ada', password: PASSWORD }
const isIn = ({ cookies }: PlainBrowser) => cookies.has('octroi_session')

async function signedIn(): Promise<PlainBrowser> {
  const browser = scene.browser()
  await browser.get('/sign-in')
  await browser.submit('/sign-in/password', typed)
  expect(isIn(browser)).toBe(true)
  return browser
}

describe('T38 T35 a form that another page makes a browser post signs nobody in', () => {
  it('403 without a token, with somebody else’s, and with that of another form', async () => {
    const browser = scene.browser()
    await browser.get('/sign-in')
    const { hidden } = browser.form('/sign-in/password')
    const thief = scene.browser()
    await thief.get('/sign-in')
    const theirs = thief.form('/sign-in/password').hidden
    const other = scene.people.secrets.hash(
      'csrf',
      browser.cookies.get('octroi_browser') as string,
      '/session/sign-out',
    )
    for (const csrf of [undefined, '', theirs.csrf, other, `${hidden.csrf}x`]) {
      const { csrf: _, ...rest } = hidden
      const answer = await browser.post('/sign-in/password', {
        ...rest,
        ...typed,
        ...(csrf === undefined ? {} : { csrf }),
      })
      expect([csrf, answer.status]).toEqual([csrf, 403])
    }
    expect(isIn(browser)).toBe(false)
  })

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site', origin: 'null' },
  ])('403 with %j, whatever its token', async (headers) => {
    const browser = scene.browser()
    await browser.get('/sign-in')
    expect((await browser.submit('/sign-in/password', typed, { headers })).status).toBe(403)
    expect(isIn(browser)).toBe(false)
  })

  it.each([{ 'sec-fetch-site': 'same-origin', origin: 'null' }, { origin: 'OURS' }])(
    '303 with %j and the right token: our pages send no referrer, and so no origin',
    async (headers: Record<string, string>) => {
      const browser = scene.browser()
      await browser.get('/sign-in')
      const sent = headers.origin === 'OURS' ? { origin: scene.url } : headers
      expect((await browser.submit('/sign-in/password', typed, { headers: sent })).status).toBe(303)
    },
  )

  it('403 with words about cookies where a form comes without ours', async () => {
    const browser = scene.browser()
    await browser.get('/sign-in')
    browser.cookies.clear()
    const answer = await browser.submit('/sign-in/password', typed)
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('cookie')
  })

  it('403 with two browser cookies: somebody has planted one', async () => {
    const browser = scene.browser()
    await browser.get('/sign-in')
    const planted = `octroi_browser=${browser.cookies.get('octroi_browser')}; octroi_browser=${'A'.repeat(43)}`
    const { action, hidden } = browser.form('/sign-in/password')
    browser.cookies.clear()
    expect((await browser.post(action, { ...hidden, ...typed }, { headers: { cookie: planted } })).status).toBe(403)
  })

  it('what is no form of ours is a page of 4xx: JSON, nothing, too much', async () => {
    const post = (body: string, type: string) =>
      fetch(`${scene.url}/sign-in/password`, { method: 'POST', body, headers: { 'content-type': type } })
    expect((await post('{"login":"ada"}', 'application/json')).status).toBe(400)
    expect((await post('', 'application/x-www-form-urlencoded')).status).toBe(403)
    const large = await post(`login=${'x'.repeat(70_000)}`, 'application/x-www-form-urlencoded')
    expect(large.status).toBe(413)
    expect(large.headers.get('content-type')).toContain('text/html')
  })
})

describe('T38 nobody is signed out by another page', () => {
  it('a link shows a button, and the session lives', async () => {
    const browser = await signedIn()
    expect((await browser.get('/session/sign-out')).status).toBe(200)
    expect((await browser.get('/sign-in')).location).toBe('/account')
  })

  it('403 without its token; gone with it', async () => {
    const browser = await signedIn()
    await browser.get('/session/sign-out')
    const { hidden } = browser.form('/session/sign-out')
    expect((await browser.post('/session/sign-out', { ...hidden, csrf: 'x' })).status).toBe(403)
    const token = browser.cookies.get('octroi_session') as string
    expect((await browser.post('/session/sign-out', hidden)).status).toBe(200)
    expect(isIn(browser)).toBe(false)
    const old = scene.browser()
    old.cookies.set('octroi_session', token)
    expect((await old.get('/sign-in')).status).toBe(200)
  })
})

describe('T8 cookies that are none of ours', () => {
  it.each([
    'octroi_session=',
    `octroi_session=${'x'.repeat(5_000)}`,
    'octroi_session=a; octroi_session=b',
    '=;;=',
    'octroi_session="é"',
  ])('200 and nobody signed in with %s', async (cookie) => {
    const answer = await fetch(`${scene.url}/sign-in`, { headers: { cookie: Buffer.from(cookie).toString('latin1') } })
    expect(answer.status).toBe(200)
  })
})
