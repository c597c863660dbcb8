import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OctroiError } from '../../src/core/errors.ts'
import { SignInRefused } from '../../src/sign_in/method.ts'
import { type DeskScene, deskScene, ISSUER } from './desk_scene.ts'

const PASSWORD = 'a long enough secret'

let scene: DeskScene
beforeAll(async () => {
  scene = await deskScene()
  await scene.method({ id: 'agency' })
  await scene.method({ id: 'other', name: 'Another One' })
  await scene.method({ id: 'off', enabled: false })
  await scene.method({ id: 'broken', kind: 'ldap', settings: { nonsense: true } })
  await scene.account('ada', {}, PASSWORD)
})
afterAll(() => scene.stop())

const identityOf = (subject: string) => scene.open.store.identities.find(ISSUER, subject)

describe('setting out and coming back', () => {
  it('302 to the provider with a state of 43 characters and an address of this method alone (D4)', async () => {
    const answer = await scene.browser().get('/sign-in/agency')
    expect(answer.status).toBe(302)
    const asked = scene.provider.asked.at(-1)
    expect(asked?.state).toMatch(/^[\w-]{43}$/)
    expect(asked?.redirectUri).toBe(`${scene.url}/sign-in/agency/callback`)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('nothing is stored before somebody has proved something', async () => {
    const before = await scene.open.hot.version()
    const browser = scene.browser()
    await browser.get('/sign-in')
    await browser.get('/sign-in/agency')
    await browser.get('/sign-in/password')
    expect(await scene.open.hot.version()).toBe(before)
  })

  const back = async (browser = scene.browser(), start = '/sign-in/agency') => {
    scene.provider.say({ subject: 'traveller', claims: { name: 'Traveller' } })
    const query = new URL((await browser.get(start)).location ?? '').searchParams
    return { browser, state: query.get('state') as string, path: '/sign-in/agency/callback' }
  }

  it('B-37 T35 400 in a browser that did not set out', async () => {
    const { state, path } = await back()
    const answer = await scene.browser().get(`${path}?state=${state}&code=c`)
    expect(answer.status).toBe(400)
    expect(await identityOf('traveller')).toBeUndefined()
  })

  it('T35 400 with the cookie of the flow, but of another browser', async () => {
    const { browser, state, path } = await back()
    const thief = scene.browser()
    await thief.get('/sign-in')
    for (const [name, value] of browser.cookies) if (name.includes('flow_')) thief.cookies.set(name, value)
    expect((await thief.get(`${path}?state=${state}&code=c`)).status).toBe(400)
    expect(await identityOf('traveller')).toBeUndefined()
  })

  it('T35 D4 400 at another method than the one that was set out for', async () => {
    const { browser, state } = await back()
    expect((await browser.get(`/sign-in/other/callback?state=${state}&code=c`)).status).toBe(400)
    expect(await identityOf('traveller')).toBeUndefined()
  })

  it.each(['', 'state=', 'state=wrong', `state=${'x'.repeat(43)}`, 'error=access_denied'])(
    '400 with the query %j',
    async (query) => {
      const { browser, path } = await back()
      expect((await browser.get(`${path}?${query}`)).status).toBe(400)
    },
  )

  it('400 after ten minutes', async () => {
    const { browser, state, path } = await back()
    scene.clock.ahead += 601_000
    expect((await browser.get(`${path}?state=${state}&code=c`)).status).toBe(400)
    scene.clock.ahead = 0
  })

  it('T17 400 with a parameter that was sent twice', async () => {
    const { browser, state, path } = await back()
    expect((await browser.get(`${path}?state=${state}&state=${state}&code=c`)).status).toBe(400)
    expect((await browser.get('/sign-in?return_to=/account&return_to=/account')).status).toBe(400)
  })

  it('B-37 400 the second time; the first signs in', async () => {
    const { browser, state, path } = await back()
    expect((await browser.get(`${path}?state=${state}&code=c`)).location).toBe('/account')
    expect((await browser.get(`${path}?state=${state}&code=c`)).status).toBe(400)
  })

  it('four tabs at once come back; a fifth pushes the oldest out', async () => {
    const browser = scene.browser()
    const states: string[] = []
    for (let i = 0; i < 5; i++) states.push((await back(browser)).state)
    expect([...browser.cookies.keys()].filter((name) => name.includes('flow_'))).toHaveLength(4)
    const come = (state = '') => browser.get(`/sign-in/agency/callback?state=${state}&code=c`)
    expect((await come(states[0])).status).toBe(400)
    expect((await come(states[1])).location).toBe('/account')
    expect((await come(states[4])).location).toBe('/account')
  })
})

describe('a provider in trouble', () => {
  const troubles: [string, Error, number, string][] = [
    ['unreachable', new OctroiError('upstream_unreachable', 'It is down.'), 502, 'upstream_unreachable'],
    ['silent', new OctroiError('upstream_timeout', 'It is slow.'), 504, 'upstream_timeout'],
    ['broken in a way nobody thought of', new TypeError('x is not a function'), 502, 'upstream_unreachable'],
  ]
  it.each(troubles)('%s: a page with a number, another way, and nothing created', async (_, error, status, code) => {
    const browser = scene.browser()
    const answer = await scene.byProvider(browser, error)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(answer.headers.get('octroi-request-id') as string)
    expect(answer.text).toContain('/sign-in/other?flow=')
    expect(scene.lines.at(-1)).toMatchObject({ status, code, account: null, target: 'sign-in-method:agency' })
    expect(scene.logged.at(-1)).toMatchObject({ level: 'error', message: 'a sign-in method failed' })
  })

  const refusals = [
    ['untrusted', 400],
    ['denied', 403],
    ['too_weak', 403],
  ] as const
  it.each(refusals)('B-32 B-38 %s: %d with a number, and nothing created', async (reason, status) => {
    const refused = new SignInRefused(reason, 'The nonce is another one.', new Error('nonce mismatch'))
    const answer = await scene.byProvider(scene.browser(), refused)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(answer.headers.get('octroi-request-id') as string)
    expect(scene.lines.at(-1)).toMatchObject({ status, code: reason })
    expect(scene.logged.at(-1)).toMatchObject({ level: 'warn', fields: { reason, cause: 'Error nonce mismatch' } })
  })

  it('T39 a provider’s own text is not shown', async () => {
    const error = new SignInRefused('denied', 'It was refused.', new Error('<img src=x onerror=alert(1)>'))
    expect((await scene.byProvider(scene.browser(), error)).text).not.toContain('onerror')
  })

  it('a method that cannot be opened: 503 with other ways, no button of its own, and the log says why once', async () => {
    const browser = scene.browser()
    expect((await browser.get('/sign-in')).text).not.toContain('/sign-in/broken')
    expect((await browser.get('/sign-in/broken')).status).toBe(503)
    const said = scene.logged.filter(({ message }) => message === 'a sign-in method cannot be opened')
    expect(said).toMatchObject([{ fields: { sign_in_method: 'broken' } }])
  })
})

it('503 where the store does not answer: never a page that sends somebody away for good', async () => {
  const { hot } = scene.open
  const { version } = hot
  const unavailable = () => Promise.reject(new OctroiError('store_unavailable', 'It is away.'))
  Object.assign(hot, { version: unavailable })
  try {
    const answer = await scene.browser().get('/sign-in')
    expect(answer.status).toBe(503)
    expect(answer.text).toContain(answer.headers.get('octroi-request-id') as string)
  } finally {
    Object.assign(hot, { version })
  }
})

describe('addresses that lead nowhere', () => {
  it.each([
    '/sign-in/nothing',
    '/sign-in/off',
    '/sign-in/nothing/callback?state=x',
    '/sign-in/step/x',
    '/sign-in/link/x',
  ])('a page of 4xx at %s', async (path) => {
    const answer = await scene.browser().get(path)
    expect([400, 404]).toContain(answer.status)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('404 at a method that there is not, and at one that is switched off', async () => {
    expect((await scene.browser().get('/sign-in/nothing')).status).toBe(404)
    expect((await scene.browser().get('/sign-in/off')).status).toBe(404)
  })

  it('HEAD answers as GET does, without a body', async () => {
    for (const path of ['/sign-in', '/sign-in/agency', '/sign-in/nothing']) {
      const [get, head] = [await scene.browser().get(path), await scene.browser().get(path, { method: 'HEAD' })]
      expect([head.status, head.text]).toEqual([get.status, ''])
    }
  })

  it('400 with a flow that is not ours, or too old', async () => {
    const browser = scene.browser()
    expect((await browser.get('/sign-in?flow=v1.x.y.z')).status).toBe(400)
    await browser.get('/sign-in')
    const { hidden } = browser.form('/sign-in/password')
    scene.clock.ahead += 3_601_000
    expect((await browser.post('/sign-in/password', { ...hidden, login: 'ada', password: PASSWORD })).status).toBe(400)
    scene.clock.ahead = 0
  })
})

describe('a password', () => {
  it('422 for a wrong one and for an unknown login: same page, no login in the trail or the log', async () => {
    const pages: string[] = []
    for (const login of ['ada', 'bea']) {
      const browser = scene.browser()
      await browser.get('/sign-in')
      const answer = await browser.submit('/sign-in/password', { login, password: 'not this one' })
      expect(answer.status).toBe(422)
      pages.push(answer.text.replaceAll(login, 'LOGIN').replace(/name="(?:csrf|flow)" value="[^"]*"|flow=[\w.-]+/g, ''))
      expect(scene.lines.at(-1)).toMatchObject({ account: null, code: 'wrong', status: 422 })
    }
    expect(pages[0]).toBe(pages[1])
    expect(JSON.stringify([scene.lines, scene.logged])).not.toContain('bea')
  })

  it.each([{}, { login: 'ada' }, { password: PASSWORD }, { login: 'x'.repeat(400), password: PASSWORD }])(
    '422 with %j, never a 500',
    async (typed) => {
      const browser = scene.browser()
      await browser.get('/sign-in')
      expect((await browser.submit('/sign-in/password', typed)).status).toBe(422)
    },
  )

  it('T34 another session at each sign-in; the one before is over', async () => {
    const browser = scene.browser()
    const tokens: (string | undefined)[] = []
    for (let i = 0; i < 2; i++) {
      await browser.get('/sign-in?max_age=0')
      expect((await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })).location).toBe(
        '/account',
      )
      tokens.push(browser.cookies.get('octroi_session'))
    }
    expect(tokens[0]).not.toBe(tokens[1])
    expect(await scene.sessionsOf('ada')).toHaveLength(1)
  })
})
