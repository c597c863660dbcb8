import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { complaints, startBrowser, type TestBrowser } from '../browser/browser.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { AccountVisitor, addPeople, PASSWORD } from './account_visitor.ts'

/** A real Chromium with an authenticator of its own, at a real gate. Browsers have passkeys at names only: http://localhost is one. */

let gate: TestGate
let browser: TestBrowser
let base: string
let context: BrowserContext

beforeAll(async () => {
  browser = await startBrowser()
  gate = await startTestGate()
  base = `http://localhost:${gate.port}`
  await addPeople(gate, 'ada', 'ben', 'cleo')
  await gate.restart({ OCTROI_PUBLIC_URL: base, OCTROI_NAME: 'La Mairie' })
})
afterEach(() => context.close())
afterAll(async () => {
  await browser.close()
  await gate.stop()
})

interface Device {
  readonly page: Page
  readonly cdp: CDPSession
  readonly authenticator: string
  readonly seen: string[]
}

/** A browser whose authenticator unlocks itself, or cannot verify anybody. */
async function device(options: { verifies?: boolean } = {}): Promise<Device> {
  context = await browser.context({ locale: 'en' })
  const page = await context.newPage()
  const seen = complaints(page)
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: options.verifies ?? true,
      isUserVerified: options.verifies ?? true,
      automaticPresenceSimulation: true,
    },
  })
  return { page, cdp, authenticator: authenticatorId, seen }
}

async function signInByPassword(page: Page, account: string): Promise<void> {
  await page.goto(`${base}/sign-in`)
  await page.fill('[name=login]', account)
  await page.fill('[name=password]', PASSWORD)
  await page.click('form[action="/sign-in/password"] button[type=submit]')
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.goto(`${base}/account/passkeys`)
  await page.click('form:has(input[value=start]) button')
  await page.fill('[name=name]', name)
  await Promise.all([
    page.waitForURL(/done=passkey_added/),
    page.click('form[data-passkey=create] button[type=submit]'),
  ])
}

async function signOut(page: Page): Promise<void> {
  await context.clearCookies({ name: 'octroi_session' })
  await page.goto(`${base}/account`)
  expect(new URL(page.url()).pathname).toBe('/sign-in')
}

async function signInByPasskey(page: Page): Promise<void> {
  await page.goto(`${base}/sign-in`)
  await page.click('a[href*="/sign-in/passkey?"]')
  await page.click('form[data-passkey=get] button[type=submit]')
}

describe('a passkey in a real browser', () => {
  it('is made at /account, and signs in by itself, with two factors', async () => {
    const { page, cdp, authenticator, seen } = await device()
    await signInByPassword(page, 'ada')
    await page.waitForURL(`${base}/account`)
    await addPasskey(page, 'My laptop')
    await browser.screenshot(page, 'account-passkey-added')
    expect(await page.textContent('main')).toContain('My laptop')
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: authenticator })
    expect(credentials).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }])
    await signOut(page)
    await signInByPasskey(page)
    await page.waitForURL(`${base}/account`)
    const { body } = await gate.api('GET', '/sessions?account=ada')
    const methods = body.items.map(({ method, amr }: { method: string; amr: string[] }) => [
      method,
      amr.includes('mfa'),
    ])
    expect(methods).toContainEqual(['passkey', true])
    // A second one in the same authenticator is refused by it, and the page says so.
    await page.goto(`${base}/account/passkeys`)
    await page.click('form:has(input[value=start]) button')
    await page.fill('[name=name]', 'Again')
    await page.click('form[data-passkey=create] button[type=submit]')
    await expect.poll(() => page.textContent('form[data-passkey] [role=status]')).toContain('already')
    expect(seen).toEqual([])
  })
  it('is asked for after the password, as the second factor', async () => {
    const { page, seen } = await device({ verifies: false })
    await signInByPassword(page, 'ben')
    await page.waitForURL(`${base}/account`)
    await addPasskey(page, 'Key on a ring')
    await signOut(page)
    await signInByPassword(page, 'ben')
    await page.waitForURL(/\/sign-in\/step\//)
    await browser.screenshot(page, 'second-factor-passkey')
    await page.click('form[data-passkey=get] button[type=submit]')
    await page.waitForURL(`${base}/account`)
    await page.goto(`${base}/account/passkeys`)
    expect(new URL(page.url()).pathname).toBe('/account/passkeys')
    expect(await page.textContent('main')).toContain('Key on a ring')
    expect(seen).toEqual([])
  })
  it('T34 renews the cookie when it is added and when it is removed; a removed one signs nobody in', async () => {
    const { page } = await device()
    const cookie = async () => (await context.cookies()).find(({ name }) => name === 'octroi_session')?.value
    await signInByPassword(page, 'cleo')
    await page.waitForURL(`${base}/account`)
    const first = await cookie()
    await addPasskey(page, 'Phone')
    const second = await cookie()
    await signOut(page)
    await signInByPasskey(page)
    await page.waitForURL(`${base}/account`)
    const third = await cookie()
    await page.goto(`${base}/account/passkeys`)
    await page.click('a[href*="confirm=remove"]')
    await Promise.all([page.waitForURL(/done=passkey_removed/), page.click('button.danger')])
    expect(new Set([first, second, third, await cookie()]).size).toBe(4)
    await signOut(page)
    await signInByPasskey(page)
    await page.waitForSelector('[role=alert]')
    expect(new URL(page.url()).pathname).toBe('/sign-in/passkey')
    await page.goto(`${base}/account`)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
  })
})

describe('where browsers have none', () => {
  it('http://127.0.0.1 is no name: the method is not offered', async () => {
    const plain = await startTestGate()
    try {
      const visitor = new AccountVisitor(plain.url)
      const { status, text } = await visitor.get('/sign-in')
      expect([status, text.includes('/sign-in/passkey')]).toEqual([200, false])
      expect((await visitor.get('/sign-in/passkey')).status).not.toBe(200)
    } finally {
      await plain.stop()
      context = await browser.context()
    }
  })
})
