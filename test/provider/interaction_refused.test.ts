import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ConsentScene, decide, signedIn, signIn, startConsentScene, textOf, visit } from './consent_scene.ts'

let scene: ConsentScene
beforeAll(async () => {
  scene = await startConsentScene()
  await scene.must('POST', '/groups', { id: 'compta', name: 'Compta' })
  await scene.addPerson('marie', { groups: ['compta'] })
  await scene.addPerson('paul')
  await scene.addPerson('nomail', {}, null)
})
afterEach(() => vi.useRealTimers())
afterAll(() => scene?.stop())

const forCompta = { allow: { groups: ['compta'] } }
const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
/** The address of the link that says so. */
const linkIn = (text: string, part: string) =>
  [...text.matchAll(/href="([^"]*)"/g)]
    .map(([, href = '']) => href.replaceAll('&amp;', '&'))
    .find((href) => href.includes(part)) ?? ''

describe('who may not use the application', () => {
  it('403: a page says so, with who it is; nothing goes to the application, and somebody else may sign in', async () => {
    const app = await scene.addApp('closed', { first_party: true }, forCompta)
    const browser = await signedIn(scene, 'paul')
    const page = await visit(scene, browser, app.asks())
    expect([page.status, page.location]).toEqual([403, undefined])
    expect(textOf(page)).toContain('App closed is not open to you')
    const [line] = (await scene.audit('oidc.authorize')).filter(({ target }) => target === 'client:closed')
    expect(line).toMatchObject({ account: 'paul', status: 403, code: 'not_allowed' })
    expect(textOf(page)).toContain('<strong>paul Name</strong>')
    await visit(scene, browser, linkIn(page.text, '/sign-in?flow='))
    expect(textOf(browser.last as never)).not.toContain('readonly')
    const { code } = app.back(await signIn(browser, scene.url, 'marie'))
    const { body } = await app.redeem(code)
    expect((await app.userinfo(body.access_token)).body.preferred_username).toBe('marie')
  })

  it('403 at the end of his sign-in, with a way on for somebody else', async () => {
    const app = await scene.addApp('closed-2', { first_party: true }, forCompta)
    const browser = scene.browser()
    await visit(scene, browser, app.asks())
    const page = await signIn(browser, scene.url, 'paul')
    expect(page.status).toBe(403)
    await visit(scene, browser, linkIn(page.text, '/sign-in?flow='))
    expect(app.back(await signIn(browser, scene.url, 'marie')).code).toMatch(/./)
  })

  it('prompt=none: the application is told access_denied', async () => {
    const app = await scene.addApp('closed-3', {}, forCompta)
    const browser = await signedIn(scene, 'paul')
    expect(app.back(await browser.get(app.asks({ prompt: 'none' }))).error).toBe('access_denied')
  })

  it('403 without the verified address that the application needs', async () => {
    const app = await scene.addApp('mail', { first_party: true, email: { from: 'primary', required: true } })
    const browser = await signedIn(scene, 'nomail')
    const page = await visit(scene, browser, app.asks())
    expect([page.status, page.location]).toEqual([403, undefined])
    expect(textOf(page)).toContain('A verified e-mail address is missing')
    expect(linkIn(page.text, '/account/emails')).toMatch(/^\/account\/emails/)
    expect(app.back(await browser.get(app.asks({ prompt: 'none' }))).error).toBe('access_denied')
    await scene.must('PUT', '/accounts/nomail/emails', { address: 'nomail@example.org', verified: true })
    expect(app.back(await visit(scene, browser, app.asks())).code).toMatch(/./)
  })

  it('whose right was taken away while he read the question, answers in vain', async () => {
    const app = await scene.addApp('lost', {}, forCompta)
    await scene.addPerson('lost', { groups: ['compta'] })
    const browser = await signedIn(scene, 'lost')
    await visit(scene, browser, app.asks())
    await scene.must('PATCH', '/accounts/lost', { groups: [] })
    const page = await decide(scene, browser, 'allow')
    expect([page.status, page.location]).toEqual([403, undefined])
    expect(await scene.gate.api('GET', '/events?type=consent.given').then(({ body }) => body.items.length)).toBe(0)
  })

  it('signed out while he read the question, he signs in first', async () => {
    const app = await scene.addApp('left')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const question = browser.last
    await browser.get('/session/sign-out')
    await browser.submit('/session/sign-out')
    browser.last = question
    await decide(scene, browser, 'allow')
    expect(browser.last?.text).toContain('name="password"')
    expect(textOf(await signIn(browser, scene.url, 'marie'))).toContain('Allow App left?')
    expect(app.back(await decide(scene, browser, 'allow')).code).toMatch(/./)
  })
})

describe('an interaction that is none any more', () => {
  it('T34 400 in another browser, for GET and for the form', async () => {
    const app = await scene.addApp('foreign')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action, hidden } = browser.form('/oidc/interaction/')
    const other = await signedIn(scene, 'marie')
    const page = await other.get(action)
    expect(page.status).toBe(400)
    expect(textOf(page)).toContain('Please start again at the application')
    expect(linkIn(page.text, '/account')).toMatch(/^\/account/)
    // With a cookie of its own request, too.
    await visit(scene, other, app.asks())
    expect((await other.get(action)).status).toBe(400)
    expect((await other.post(action, { ...hidden, do: 'allow' })).status).toBe(403)
  })

  it('400 once it is finished: the back button', async () => {
    const app = await scene.addApp('finished')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action } = browser.form('/oidc/interaction/')
    app.back(await decide(scene, browser, 'allow'))
    expect((await browser.get(action)).status).toBe(400)
  })

  it('400 when it has expired', async () => {
    const app = await scene.addApp('expired')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const { action, hidden } = browser.form('/oidc/interaction/')
    later(4_000)
    expect((await browser.get(action)).status).toBe(400)
    expect((await browser.post(action, { ...hidden, do: 'allow' })).status).toBe(400)
  })

  it('400 for an address that was never one', async () => {
    expect((await scene.browser().get('/oidc/interaction/nothing')).status).toBe(400)
    expect((await scene.browser().get(`/oidc/interaction/${'x'.repeat(150)}`)).status).toBe(400)
  })

  it('an application that was switched off meanwhile gets no answer', async () => {
    const app = await scene.addApp('off')
    const browser = await signedIn(scene, 'marie')
    await visit(scene, browser, app.asks())
    const before = await scene.events('consent.given')
    await scene.must('PATCH', '/clients/off', { disabled: true })
    const page = await decide(scene, browser, 'allow')
    expect([page.status, page.location]).toEqual([400, undefined])
    expect(await scene.events('consent.given')).toEqual(before)
  })
})

describe('requests that lead nowhere', () => {
  const at = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${scene.url}/oidc/auth?${query}`, { redirect: 'manual', headers: { accept: 'text/html', ...headers } })

  it.each([
    ['an unknown application', 'client_id=nobody&response_type=code&scope=openid', 'not known here'],
    [
      'T16 an address that is not registered',
      'client_id=errors&response_type=code&scope=openid&redirect_uri=https://evil.example/',
      'not registered',
    ],
    ['T17 a parameter twice', 'client_id=errors&client_id=nobody&response_type=code', 'not set up'],
  ])('4xx with a page, and no redirect: %s', async (_, query, said) => {
    await scene.gate.api('POST', '/clients', {
      id: 'errors',
      name: 'Errors',
      redirect_uris: ['https://e.example/cb'],
      openid: {},
    })
    const answer = await at(query)
    const text = await answer.text()
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(text).toContain(said)
    expect(text).toContain(answer.headers.get('octroi-request-id') ?? 'no id')
  })

  it('in French for who reads French, and in the language that was chosen', async () => {
    const french = await at('client_id=nobody&response_type=code', { 'accept-language': 'fr' })
    expect(await french.text()).toContain('n’est pas connue ici')
    const chosen = await at('client_id=nobody&response_type=code', {
      'accept-language': 'fr',
      cookie: 'octroi_language=en',
    })
    expect(await chosen.text()).toContain('is not known here')
  })

  it('T39 what was sent comes back as text alone', async () => {
    const evil = encodeURIComponent('<script>alert(1)</script>')
    for (const query of [
      `client_id=${evil}`,
      `client_id=errors&response_type=${evil}&redirect_uri=${evil}`,
      `client_id=errors&prompt=${evil}`,
    ])
      expect(await (await at(query)).text()).not.toContain('<script')
  })
})
