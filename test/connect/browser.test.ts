import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessibilityFaults } from '../browser/axe.ts'
import { complaints, startBrowser, type TestBrowser } from '../browser/browser.ts'
import { NEAR, startPublicGate } from '../requirements/person.ts'
import type { TestGate } from '../support/gate.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type OidcProvider, startOidcProvider } from '../support/vendors/oidc_provider.ts'
import { startWebCrm, WEBCRM_AUTH_CODE, type WebCrm } from '../support/vendors/webcrm.ts'

/** The whole way in a real Chromium without script: real pages, real cookies, a real OpenID provider at another origin. */

let browser: TestBrowser
let gate: TestGate
let webcrm: WebCrm
let provider: OidcProvider
let application: Upstream
let looker: Page
beforeAll(async () => {
  ;[browser, gate, webcrm, application] = await Promise.all([
    startBrowser(),
    startPublicGate(),
    startWebCrm(),
    startUpstream(),
  ])
  looker = await (await browser.context()).newPage()
  const ids = ['crm', 'returning', 'french']
  provider = await startOidcProvider({
    redirectUris: ids.map((id) => `${gate.url}/connect/callback/generic-oauth2/${id}`),
  })
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([gate?.stop(), webcrm?.stop(), provider?.stop(), application?.stop()])
})

interface Window {
  readonly page: Page
  readonly seen: string[]
}

async function window(locale: string): Promise<Window> {
  const context = await browser.context({ javaScriptEnabled: false, locale })
  const page = await context.newPage()
  return { page, seen: complaints(page) }
}

async function open(body: object): Promise<{ url: string; session: string }> {
  const { status, body: made } = await gate.api('POST', '/connect-sessions', { network: NEAR, ...body })
  expect([status, made.detail]).toEqual([201, undefined])
  return { url: made.url, session: made.id }
}

/** Each page that is met is looked at: what stands in it, in a window of its own, for axe is a script. */
async function met({ page }: Window, heading: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  await looker.setContent(await page.content())
  expect(await accessibilityFaults(looker)).toEqual([])
}

const oidc = (connection_id: string, more: object = {}) => ({
  connector: 'generic-oauth2',
  connection_id,
  settings: {
    base_url: provider.url,
    authorization_url: `${provider.issuer}/auth`,
    token_url: `${provider.issuer}/token`,
    issuer: provider.issuer,
    scope: 'openid offline_access email',
    test_path: '/resource',
  },
  ...more,
})

async function typeApplication({ page }: Window): Promise<void> {
  await page.locator('[name="secrets.client_id"]').fill(provider.clientId)
  await page.locator('[name="secrets.client_secret"]').fill(provider.clientSecret)
  await page.locator('main button').click()
}

describe('a form', () => {
  it('with a wrong secret, then with the right one', async () => {
    const { url } = await open({
      connector: 'webcrm',
      connection_id: 'webcrm',
      settings: { login_url: `${webcrm.url}/Auth/ApiLogin`, base_url: webcrm.url },
    })
    const seat = await window('en-GB')
    const { page, seen } = seat
    await page.goto(url)
    await met(seat, 'Connect webCRM')
    await page.locator('[name="secrets.api_key"]').fill('canary-wrong')
    await page.locator('main button').click()
    await page.locator('[name="secrets.api_key"][aria-invalid="true"]').waitFor()
    await met(seat, 'Connect webCRM')
    expect(await page.locator('[name="secrets.api_key"]').inputValue()).toBe('')
    expect(await page.content()).not.toContain('canary-wrong')
    await page.locator('[name="secrets.api_key"]').fill(WEBCRM_AUTH_CODE)
    await page.locator('main button').click()
    await met(seat, 'webCRM is connected')
    expect((await gate.api('GET', '/connections/webcrm')).body.state).toBe('ready')
    // A fault of the form is a status that Chromium tells of; the policy of the pages is never broken.
    expect(seen.filter((line) => !line.includes('422'))).toEqual([])
    expect(page.url()).toBe(url)
    await page.goto(url)
    await met(seat, 'This link was already used')
  })
})

describe('a sign-in at another origin', () => {
  it('leads there by the page in between, and back to "connected"', async () => {
    const { url } = await open(oidc('crm'))
    const seat = await window('en-GB')
    await seat.page.goto(url)
    await met(seat, 'Connect Any service with OAuth 2.0')
    await typeApplication(seat)
    await met(seat, 'Any service with OAuth 2.0 is connected')
    expect(seat.page.url()).toContain('/connect/callback/generic-oauth2/crm?')
    expect((await gate.api('GET', '/connections/crm')).body).toMatchObject({
      state: 'ready',
      token: expect.any(Object),
    })
    expect(seat.seen).toEqual([])
    // Loaded again, the way back is worth nothing.
    await seat.page.reload()
    await met(seat, 'This link was already used')
  })

  it('leads back to the application, whose key redeems', async () => {
    const { url, session } = await open(oidc('returning', { return_url: `${application.url}/echo` }))
    const seat = await window('en-GB')
    await seat.page.goto(url)
    await typeApplication(seat)
    await seat.page.waitForURL(`${application.url}/echo?**`)
    const back = new URL(seat.page.url())
    expect(back.searchParams.get('session')).toBe(session)
    expect((await gate.api('GET', '/connections/returning')).status).toBe(404)
    const code = back.searchParams.get('code')
    const redeemed = await gate.api('POST', `/connect-sessions/${session}/redeem`, { code })
    expect([redeemed.status, redeemed.body.state]).toEqual([200, 'ready'])
    // The address of our pages, which holds the link, is told to nobody.
    const arrival = application.requests.find(({ url }) => url.startsWith('/echo?'))
    expect([arrival?.method, arrival?.header('referer')]).toEqual(['GET', undefined])
  })

  it('in French, before and after the way over the service, whatever the language of the browser', async () => {
    const { url } = await open(oidc('french'))
    const seat = await window('de-DE')
    const { page } = seat
    await page.goto(url)
    await met(seat, /^Connect /)
    await page.getByRole('link', { name: 'Français' }).click()
    await met(seat, /^Connecter /)
    await typeApplication(seat)
    await met(seat, /est connecté$/)
    expect(await page.locator('html').getAttribute('lang')).toBe('fr')
    expect(seat.seen).toEqual([])
  })
})
