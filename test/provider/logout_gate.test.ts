import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENGINES } from '../store/places.ts'
import { sharedPostgres, stopSharedPostgres } from '../support/postgres.ts'
import { BYE, type LogoutScene, startLogoutScene } from './logout_scene.ts'
import { PASSWORD } from './scene.ts'

/** Whichever way a session ends, each application that somebody went to during it hears of it. On a whole gate, with real applications. */

let scene: LogoutScene
afterAll(() => stopSharedPostgres(), 60_000)

type Entered = Awaited<ReturnType<LogoutScene['enter']>>
const api = async (method: string, path: string, body?: unknown) => {
  const answer = await scene.gate.api(method, path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
  return answer.body
}
/** The newest: of the browser that came last. */
const newestSession = async (account = 'ada') => {
  const { items } = await api('GET', `/sessions?account=${account}&limit=200`)
  return items
    .toSorted((a: { created_at: string }, b: { created_at: string }) => a.created_at.localeCompare(b.created_at))
    .at(-1).id
}

describe.each(ENGINES)('one login for all, and one way out, on %s', (engine) => {
  beforeAll(async () => {
    const database = async () => ({ OCTROI_DATABASE_URL: await (await sharedPostgres()).createDatabase() })
    scene = await startLogoutScene(engine === 'postgres' ? await database() : {})
  }, 60_000)
  afterAll(() => scene.stop(), 60_000)

  it('no password at the second application; out at one, and both hear of it', async () => {
    const { browser, shop, blog } = await scene.enter()
    expect(await scene.works(shop)).toEqual([true, true])
    const query = new URLSearchParams({ id_token_hint: shop.idToken, post_logout_redirect_uri: BYE, state: 's1' })
    const left = await browser.get(`/oidc/session/end?${query}`)
    expect([left.status, left.location]).toEqual([302, `${BYE}?state=s1`])
    expect(await scene.heard(shop)).toMatchObject({ sub: 'ada', aud: 'shop', iss: scene.issuer })
    expect(await scene.heard(blog)).toMatchObject({ sub: 'ada', aud: 'blog' })
    expect(await scene.works(blog)).toEqual([false, false])
    // The next visit of either asks for the password.
    const { answer } = await scene.ask(browser, { client: scene.blog })
    expect([answer.status, answer.text.includes('name="password"')]).toEqual([200, true])
  })
  it('what an application got with offline_access outlives it, and is taken back by the person', async () => {
    const browser = await scene.signIn()
    const request = { scope: 'openid offline_access', params: { prompt: 'consent' } }
    const shop = await scene.goTo(scene.shop, browser, request)
    await browser.get(`/oidc/session/end?id_token_hint=${shop.idToken}`)
    await scene.heard(shop)
    const refreshed = await scene.refresh(shop.client, shop.refreshToken)
    expect(refreshed.status).toBe(200)
    const again = await scene.signIn()
    const page = await again.get('/account/applications')
    expect(page.text).toContain('Application shop')
    expect(page.text).toContain('It can act for you while you are away.')
    await again.get('/account/applications?confirm=revoke&id=shop')
    const done = await again.submit('/account/applications')
    expect(done.location).toBe('/account/applications?done=application_revoked')
    expect((await again.get(done.location ?? '')).text).toContain('No application knows you yet.')
    expect((await scene.refresh(shop.client, refreshed.body.refresh_token)).status).toBe(400)
  })
  it.each<[string, (entered: Entered) => Promise<unknown>]>([
    [
      'the person signs out at Octroi',
      async ({ browser }) => {
        await browser.get('/session/sign-out')
        await browser.submit('/session/sign-out')
      },
    ],
    [
      'the person ends it from another browser',
      async () => {
        const id = await newestSession()
        const other = await scene.signIn()
        await other.get('/account/sessions')
        const { csrf = '' } = other.form('/account/sessions').hidden
        expect((await other.post('/account/sessions', { csrf, do: 'end', id })).status).toBe(303)
      },
    ],
    ['an administrator ends it', async () => api('DELETE', `/sessions/${await newestSession()}`)],
    ['an administrator ends all', () => api('DELETE', '/accounts/ada/sessions')],
    [
      'the account is disabled',
      () => api('POST', '/accounts/ada/disable').then(() => api('POST', '/accounts/ada/enable')),
    ],
    ['its password is set', () => api('POST', '/accounts/ada/password', { password: PASSWORD })],
    [
      'somebody else signs in in this browser',
      async ({ browser }) => {
        await browser.get('/sign-in/password?return_to=/account&max_age=0')
        await browser.submit('/sign-in/password', { login: 'ben', password: PASSWORD })
      },
    ],
  ])('%s: both hear of it, once', async (_, end) => {
    const entered = await scene.enter()
    await end(entered)
    await scene.heard(entered.shop)
    await scene.heard(entered.blog)
    expect(await scene.works(entered.shop)).toEqual([false, false])
  })
  it('a step up tells nobody: the applications go on, and hear of the end of what came after it', async () => {
    const { browser, shop, blog } = await scene.enter()
    const before = await newestSession()
    await browser.get('/sign-in/password?return_to=/account&max_age=0')
    await browser.submit('/sign-in/password', { login: 'ada', password: PASSWORD })
    expect(await newestSession()).not.toBe(before)
    // What ends behind it is told first: the notices are in order.
    const other = await scene.enter('ben')
    await api('DELETE', '/accounts/ben/sessions')
    await scene.heard(other.shop)
    expect((await scene.told(scene.shop)).map(({ sid }) => sid)).not.toContain(shop.sid)
    expect(await scene.works(blog)).toEqual([true, true])
    expect((await scene.goTo(scene.shop, browser)).sid).toBe(shop.sid)
    await browser.get(`/oidc/session/end?id_token_hint=${shop.idToken}`)
    await scene.heard(shop)
    await scene.heard(blog)
  })
  it('access that is revoked by an administrator: that application hears of it, the others do not', async () => {
    const { browser, shop, blog } = await scene.enter()
    await api('DELETE', '/accounts/ada/applications/shop')
    expect(await scene.heard(shop)).toMatchObject({ sub: 'ada' })
    expect([await scene.works(shop), await scene.works(blog)]).toEqual([
      [false, false],
      [true, true],
    ])
    expect((await browser.get('/account')).status).toBe(200)
    expect((await scene.told(scene.blog)).map(({ sid }) => sid)).not.toContain(blog.sid)
  })
  it('is counted by what it came to', async () => {
    const headers = { authorization: `Bearer ${scene.gate.adminKey}` }
    const text = await (await fetch(`${scene.gate.url}/metrics`, { headers })).text()
    expect(text).toMatch(/octroi_backchannel_logouts_total\{outcome="delivered"\} [1-9]/)
    expect(text).toContain('octroi_backchannel_logouts_total{outcome="failed"} 0')
  })
})
