import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import type { PlainBrowser } from '../sign_in/browser.ts'
import {
  type ConsentScene,
  PASSWORD,
  signedIn,
  signIn,
  startConsentScene,
  textOf,
  visit,
  wander,
} from './consent_scene.ts'

let scene: ConsentScene
beforeAll(async () => {
  scene = await startConsentScene()
  await scene.addPerson('marie')
  await scene.addPerson('paul')
})
afterEach(() => vi.useRealTimers())
afterAll(() => scene?.stop())

const own = { first_party: true }
const aLittleLater = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
const isSignIn = (browser: PlainBrowser) => browser.last?.text.includes('name="password"') === true

describe('who proves himself, and when', () => {
  it('whoever is signed in goes on; nobody else can without', async () => {
    const app = await scene.addApp('plain', own)
    const browser = scene.browser()
    await visit(scene, browser, app.asks())
    expect(isSignIn(browser)).toBe(true)
    expect(textOf(browser.last as never)).toContain('to continue to <strong>App plain</strong>')
    const { code } = app.back(await signIn(browser, scene.url, 'marie'))
    const { body } = await app.redeem(code)
    expect((await app.userinfo(body.access_token)).body.preferred_username).toBe('marie')
    expect(app.back(await visit(scene, browser, app.asks())).code).toMatch(/./)
  })

  it('prompt=login: he types his password again, as himself; another request asks again', async () => {
    const app = await scene.addApp('login', own)
    const browser = await signedIn(scene, 'marie')
    aLittleLater(5)
    for (const _ of ['one', 'two']) {
      await visit(scene, browser, app.asks({ prompt: 'login' }))
      expect(browser.form('/sign-in/password').hidden.flow).toMatch(/./)
      expect(textOf(browser.last as never)).toContain('Please confirm that it is you')
      expect(app.back(await signIn(browser, scene.url, 'marie')).code).toMatch(/./)
      aLittleLater(5)
    }
  })

  it('T34 prompt=login is not met by a session of before', async () => {
    const app = await scene.addApp('before', own)
    const browser = await signedIn(scene, 'marie')
    aLittleLater(5)
    const first = await browser.get(app.asks({ prompt: 'login' }))
    const interaction = first.location ?? ''
    for (const _ of ['one', 'two']) expect((await browser.get(interaction)).location).toContain('/sign-in?flow=')
  })

  it('prompt=select_account: somebody else may sign in', async () => {
    const app = await scene.addApp('select', own)
    const browser = await signedIn(scene, 'marie')
    aLittleLater(5)
    await visit(scene, browser, app.asks({ prompt: 'select_account' }))
    expect(textOf(browser.last as never)).not.toContain('readonly')
    const { code } = app.back(await signIn(browser, scene.url, 'paul'))
    const { body } = await app.redeem(code)
    expect((await app.userinfo(body.access_token)).body.preferred_username).toBe('paul')
  })

  it.each([
    ['of the request', {}, { max_age: '60' }],
    ['of the application', { max_age_s: 60 }, {}],
    ['of the application, which a longer one of the request does not undo', { max_age_s: 60 }, { max_age: '9999' }],
  ])('max_age %s', async (name, openid, asked) => {
    const app = await scene.addApp(`age-${name.length}`, { ...own, ...openid })
    const browser = await signedIn(scene, 'marie')
    aLittleLater(90)
    expect(app.back(await browser.get(app.asks({ ...asked, prompt: 'none' }))).error).toBe('login_required')
    await visit(scene, browser, app.asks(asked))
    expect(isSignIn(browser)).toBe(true)
    const { code } = app.back(await signIn(browser, scene.url, 'marie'))
    expect((await app.redeem(code)).status).toBe(200)
    expect(app.back(await visit(scene, browser, app.asks(asked))).code).toMatch(/./)
  })

  it('max_age=0 is prompt=login', async () => {
    const app = await scene.addApp('age-none', own)
    const browser = await signedIn(scene, 'marie')
    aLittleLater(5)
    await visit(scene, browser, app.asks({ max_age: '0' }))
    expect(textOf(browser.last as never)).toContain('Please confirm that it is you')
    expect(app.back(await signIn(browser, scene.url, 'marie')).code).toMatch(/./)
  })

  it('only by the methods that the application takes', async () => {
    const app = await scene.addApp('methods', own, { methods: ['passkey'] })
    const browser = await signedIn(scene, 'marie')
    expect(app.back(await browser.get(app.asks({ prompt: 'none' }))).error).toBe('login_required')
    await visit(scene, browser, app.asks())
    expect(browser.last?.text).not.toContain('/sign-in/password"')
  })

  it('with two factors where the application wants them', async () => {
    await scene.addPerson('nadia')
    const app = await scene.addApp('mfa', own, { mfa: true })
    const browser = await signedIn(scene, 'nadia')
    expect(app.back(await browser.get(app.asks({ prompt: 'none' }))).error).toBe('login_required')
    await visit(scene, browser, app.asks())
    const page = await signIn(browser, scene.url, 'nadia')
    const secret = /<code class="code"[^>]*>([A-Z2-7 ]+)</.exec(page.text)?.[1]?.replaceAll(' ', '') ?? ''
    await wander(
      browser,
      await browser.submit('/sign-in/step/', { code: codeOfStep(secret, stepAt(Date.now())) }),
      scene.url,
    )
    const { code } = app.back(await wander(browser, await browser.submit('/sign-in/step/'), scene.url))
    const { body } = await app.redeem(code)
    const { amr } = JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url').toString())
    expect(amr).toContain('mfa')
  })

  it('id_token_hint of another person: he is asked for, and somebody else is told so', async () => {
    const app = await scene.addApp('hint', own)
    const browser = await signedIn(scene, 'marie')
    const { code } = app.back(await visit(scene, browser, app.asks()))
    const hint = (await app.redeem(code)).body.id_token
    const other = await signedIn(scene, 'paul')
    aLittleLater(5)
    expect(app.back(await other.get(app.asks({ id_token_hint: hint, prompt: 'none' }))).error).toBe('login_required')
    await visit(scene, other, app.asks({ id_token_hint: hint }))
    expect(isSignIn(other)).toBe(true)
    const page = await signIn(other, scene.url, 'paul')
    expect(page.status).toBe(403)
    expect(textOf(page)).toContain('The application expects somebody else')
    await visit(
      scene,
      other,
      /href="([^"]*\/sign-in\?flow=[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '',
    )
    expect(app.back(await signIn(other, scene.url, 'marie')).code).toMatch(/./)
  })
})

describe('what the application wishes', () => {
  it('login_hint stands in the form, as text', async () => {
    const app = await scene.addApp('hinted', own)
    const browser = scene.browser()
    await visit(scene, browser, app.asks({ login_hint: '"><b>marie@example.org' }))
    expect(browser.last?.text).toContain('value="&quot;&gt;&lt;b&gt;marie@example.org"')
    const long = await visit(scene, scene.browser(), app.asks({ login_hint: 'é'.repeat(3_000) }))
    expect(long.status).toBe(200)
  })

  it('ui_locales: the pages are in its language, unless he has chosen one here', async () => {
    const app = await scene.addApp('french', { first_party: false })
    const browser = scene.browser()
    const first = await visit(scene, browser, app.asks({ ui_locales: 'de fr-CA en' }))
    expect(first.headers.get('content-language')).toBe('fr')
    const page = await signIn(browser, scene.url, 'marie')
    expect(page.headers.get('content-language')).toBe('fr')
    expect(textOf(page)).toContain('Autoriser App french')
    const chosen = scene.browser()
    await chosen.get('/sign-in?lang=en')
    expect((await visit(scene, chosen, app.asks({ ui_locales: 'fr' }))).headers.get('content-language')).toBe('en')
  })

  it('prompt=none: nobody is asked anything, the application is told why', async () => {
    const app = await scene.addApp('silent')
    expect(app.back(await scene.browser().get(app.asks({ prompt: 'none' }))).error).toBe('login_required')
    const browser = await signedIn(scene, 'marie')
    expect(app.back(await browser.get(app.asks({ prompt: 'none' }))).error).toBe('consent_required')
  })
})

describe('a wrong password', () => {
  it('is no way on, and the request waits', async () => {
    const app = await scene.addApp('wrong', own)
    const browser = scene.browser()
    await visit(scene, browser, app.asks())
    const page = await browser.submit('/sign-in/password', { login: 'marie', password: `${PASSWORD}x` })
    expect(page.status).toBe(422)
    expect(app.back(await signIn(browser, scene.url, 'marie')).code).toMatch(/./)
  })
})
