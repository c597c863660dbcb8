import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { html } from '../../src/pages/html.ts'
import { renderPage } from '../../src/pages/page.ts'
import { type App, type ConsentScene, PASSWORD, startConsentScene } from '../provider/consent_scene.ts'
import { addDeviceApp, startDevice } from '../provider/device_scene.ts'
import { accessibilityFaults } from './axe.ts'
import { complaints, startBrowser, type TestBrowser, widthOf } from './browser.ts'
import { type PageServer, servePages } from './page_server.ts'
import { HOSTILE } from './sign_in_samples.ts'

/** In a real Chromium: the gate and its applications at origins of their own, no script. */

let scene: ConsentScene
let browser: TestBrowser
let site: PageServer

const THERE = renderPage({ language: 'en', host: 'app', title: 'The application', body: html`<h1>Back</h1>` })

beforeAll(async () => {
  scene = await startConsentScene()
  await scene.addPerson('marie')
  await scene.addPerson('paul')
  browser = await startBrowser()
  site = await servePages(({ path }) => (path === '/cb' ? THERE : undefined))
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  await scene?.stop()
})

function addApp(id: string, fields: Readonly<Record<string, unknown>> = {}): Promise<App> {
  return scene.addApp(id, {}, { redirect_uris: [`${site.origin}/cb`], ...fields })
}

async function person(): Promise<{ context: BrowserContext; page: Page; seen: string[] }> {
  const context = await browser.context({ javaScriptEnabled: false })
  const page = await context.newPage()
  return { context, page, seen: complaints(page) }
}

async function signIn(page: Page, login: string): Promise<void> {
  await page.fill('[name=login]', login)
  await page.fill('[name=password]', PASSWORD)
  await page.click('form[action="/sign-in/password"] button')
}

const press = (page: Page, decision: 'allow' | 'deny') => page.click(`button[name=do][value=${decision}]`)
const isBack = (page: Page) => page.waitForURL(`${site.origin}/cb?**`)
const answer = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams)

describe('consent', () => {
  it('T39 signs in, allows, and is back at the application: `form-action` stands in no way, and no name runs', async () => {
    const app = await addApp('journey', { name: `Ledger ${HOSTILE}` })
    const { page, seen } = await person()
    await page.goto(app.asks())
    await signIn(page, 'marie')
    await page.waitForURL(/\/oidc\/interaction\//)
    expect(await page.textContent('h1')).toContain('<img src=x')
    expect(await page.evaluate('document.querySelectorAll("main img, main b, main script").length')).toBe(0)
    await press(page, 'allow')
    await isBack(page)
    expect((await app.redeem(answer(page).code ?? '')).status).toBe(200)
    expect(seen).toEqual([])
    await page.goto(app.asks())
    expect(answer(page).code).toMatch(/./)
  })

  it('does not allow it: the application is told, and nothing else happens', async () => {
    const app = await addApp('journey-denied')
    const { page, seen } = await person()
    await page.goto(app.asks())
    await signIn(page, 'marie')
    await page.waitForURL(/\/oidc\/interaction\//)
    await press(page, 'deny')
    await isBack(page)
    expect(answer(page)).toMatchObject({ error: 'access_denied', state: 'st', iss: `${scene.url}/oidc` })
    expect(seen).toEqual([])
  })

  it('in French, dark, at 320 px: sound, and the other language is a link away', async () => {
    const app = await addApp('journey-french')
    const context = await browser.context({
      locale: 'fr-FR',
      colorScheme: 'dark',
      viewport: { width: 320, height: 700 },
    })
    const page = await context.newPage()
    await page.goto(app.asks())
    await signIn(page, 'marie')
    await page.waitForURL(/\/oidc\/interaction\//)
    await browser.screenshot(page, 'journey-consent-fr-dark-320')
    expect(await page.textContent('h1')).toContain('Autoriser')
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await widthOf(page)).toBeLessThanOrEqual(320)
    await page.click('header nav a')
    expect(await page.textContent('h1')).toContain('Allow App journey-french?')
    await press(page, 'allow')
    await isBack(page)
  })

  it('T34 two tabs: each has its own request, and both come to an end', async () => {
    const [one, two] = [await addApp('tab-one'), await addApp('tab-two')]
    const { context, page: first } = await person()
    const second = await context.newPage()
    await first.goto(one.asks())
    await second.goto(two.asks())
    await signIn(first, 'marie')
    await first.waitForURL(/\/oidc\/interaction\//)
    // Signed in meanwhile: the other tab goes on by itself.
    await second.reload()
    await second.waitForURL(/\/oidc\/interaction\//)
    expect(await second.textContent('h1')).toContain('App tab-two')
    await press(first, 'allow')
    await isBack(first)
    await press(second, 'allow')
    await isBack(second)
    expect((await one.redeem(answer(first).code ?? '')).status).toBe(200)
    expect((await two.redeem(answer(second).code ?? '')).status).toBe(200)
  })

  it('the back button shows no question that was answered', async () => {
    const app = await addApp('journey-back')
    const { page } = await person()
    await page.goto(app.asks())
    await signIn(page, 'marie')
    await page.waitForURL(/\/oidc\/interaction\//)
    const question = page.url()
    await press(page, 'allow')
    await isBack(page)
    await page.goto(question)
    expect(await page.textContent('h1')).toBe('Please start again at the application')
  })

  it('who may not signs in as somebody else, and goes on', async () => {
    const app = await addApp('journey-closed', { allow: { accounts: ['marie'] } })
    const { page, seen } = await person()
    await page.goto(app.asks())
    await signIn(page, 'paul')
    expect(await page.textContent('h1')).toContain('not open to you')
    await page.click('a.button[href*="/sign-in?flow="]')
    await signIn(page, 'marie')
    await page.waitForURL(/\/oidc\/interaction\//)
    await press(page, 'allow')
    await isBack(page)
    expect(seen.filter((line) => !line.startsWith('Failed to load resource'))).toEqual([])
  })
})

describe('a device', () => {
  it('by the link with its code: compared, allowed, connected', async () => {
    const device = await startDevice(await addDeviceApp(scene, 'journey-till'))
    const context = await browser.context({ colorScheme: 'dark', viewport: { width: 320, height: 700 } })
    const page = await context.newPage()
    const seen = complaints(page)
    await page.goto(device.complete)
    await signIn(page, 'marie')
    expect(await page.inputValue('[name=user_code]')).toBe(device.userCode)
    await page.click('main form button')
    expect(await page.textContent('code.code')).toBe(device.userCode)
    await browser.screenshot(page, 'journey-device-en-dark-320')
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await widthOf(page)).toBeLessThanOrEqual(320)
    await press(page, 'allow')
    expect(await page.textContent('h1')).toBe('The device is connected')
    expect((await device.poll()).status).toBe(200)
    expect(seen).toEqual([])
  })
})
