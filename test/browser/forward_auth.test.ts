import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startNginx } from '../proxies/nginx.ts'
import { HOST, type Scene, startScene } from '../proxies/scene.ts'
import { complaints, startBrowser, type TestBrowser } from './browser.ts'

/** A real browser, a real nginx with the files that ship, TLS, and an application that knows nothing of signing in. */

const OCTROI = 'octroi.example.org'
const PAGE = `https://${HOST}/people/1?q=a%2Fb`
const PASSWORD = 'a difference engine'

let scene: Scene
let browser: TestBrowser
beforeAll(async () => {
  scene = await startScene(startNginx, undefined, { OCTROI_PUBLIC_URL: `https://${OCTROI}` })
  const must = async (path: string, body: object) => expect((await scene.gate.api('POST', path, body)).status).toBe(201)
  await must('/accounts', { kind: 'person', id: 'ada', name: 'Ada', password: PASSWORD, groups: ['sales'] })
  await must('/routes', { host: HOST, path: '/people/**', accept: { any: ['session'] }, allow: { groups: ['sales'] } })
  await must('/routes', { host: HOST, path: '/favicon.ico', accept: { any: ['anonymous'] } })
  const to = `127.0.0.1:${scene.proxy.tlsPort}`
  browser = await startBrowser([`--host-resolver-rules=MAP ${HOST}:443 ${to}, MAP ${OCTROI}:443 ${to}`])
})
afterAll(async () => {
  await browser?.close()
  await scene?.stop()
})

async function freshPage(): Promise<Page> {
  const context = await browser.context({ ignoreHTTPSErrors: true, locale: 'en-GB' })
  return context.newPage()
}

async function signIn(page: Page): Promise<void> {
  await page.goto(PAGE)
  expect(new URL(page.url()).host).toBe(OCTROI)
  await page.getByLabel(/Login/).fill('ada')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(PAGE)
}

describe('a person at an application behind nginx', () => {
  it('is led to the sign-in and back to the very page, and the application sees who it is and no cookie', async () => {
    const page = await freshPage()
    const seen = complaints(page)
    await signIn(page)
    expect(await page.textContent('body')).toBe('the application')
    const [request] = scene.application.seen.splice(0).filter(({ url }) => url.startsWith('/people'))
    expect([request?.url, request?.header('octroi-subject'), request?.header('cookie')]).toEqual([
      '/people/1?q=a%2Fb',
      'ada',
      undefined,
    ])
    // Nor does a script of its pages.
    expect(await page.evaluate('document.cookie')).toBe('')
    const cookies = await page.context().cookies()
    const session = cookies.filter(({ name }) => name === '__Host-octroi_session')
    expect(
      session.map(({ domain, secure, httpOnly, sameSite, expires }) => [domain, secure, httpOnly, sameSite, expires]),
    ).toEqual(
      expect.arrayContaining([
        [HOST, true, true, 'Lax', -1],
        [OCTROI, true, true, 'Lax', -1],
      ]),
    )
    expect(new Set(session.map(({ value }) => value)).size).toBe(2)
    expect(seen).toEqual([])
    await page.context().close()
  })

  it('whose session has ended: a script gets 401, the page leads to the sign-in', async () => {
    const page = await freshPage()
    await signIn(page)
    const status = () => page.evaluate(`fetch('/people/2').then(({ status }) => status)`)
    expect(await status()).toBe(200)
    await scene.gate.api('POST', '/accounts/ada/disable')
    expect(await status()).toBe(401)
    await page.reload()
    expect(new URL(page.url()).host).toBe(OCTROI)
    await scene.gate.api('POST', '/accounts/ada/enable')
    await page.context().close()
  })

  it('signs out by a link of the application, everywhere', async () => {
    const page = await freshPage()
    await signIn(page)
    await page.goto(`https://${HOST}/.octroi/sign-out`)
    expect(new URL(page.url()).host).toBe(OCTROI)
    await page.getByRole('button', { name: /Sign out/ }).click()
    await page.waitForLoadState()
    expect((await page.context().cookies()).filter(({ name }) => name === '__Host-octroi_session')).toEqual([])
    await page.goto(PAGE)
    expect(await page.getByLabel('Password').isVisible()).toBe(true)
    await page.context().close()
  })

  it('comes back after the session of the host alone has gone, without being asked', async () => {
    const page = await freshPage()
    await signIn(page)
    await page.context().clearCookies({ domain: HOST })
    await page.goto(PAGE)
    expect([page.url(), await page.textContent('body')]).toEqual([PAGE, 'the application'])
    await page.context().close()
  })
})
