import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { type Example, startExample } from '../examples/application.ts'
import { configOf } from '../provider/paheko_scene.ts'
import { freePorts } from '../proxies/program.ts'
import { LOOPBACK_NETWORK } from '../recyclique/shop.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PAHEKO_WRITER, type Paheko, startPaheko } from '../support/paheko.ts'
import { type PahekoOidc, startPahekoOidc } from '../support/vendors/paheko_oidc.ts'
import { complaints, startBrowser, type TestBrowser } from './browser.ts'

/** One login for all: a real browser, the FastAPI application as it is run, and a stand-in for Paheko's pages and API. */

const PASSWORD = 'a long enough secret'

let browser: TestBrowser
let gate: TestGate
let octroi: string
let application: Example
let api: Paheko
let paheko: PahekoOidc

beforeAll(async () => {
  const [port, [appPort = 0]] = await Promise.all([freePort(0), freePorts(1)])
  octroi = `http://localhost:${port}`
  const env = { OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: octroi, OCTROI_NAME: 'Les Amis de la Forêt' }
  const members = [{ name: 'Ada Lovelace', email: 'ada@example.org' }]
  ;[browser, gate, api, paheko] = await Promise.all([
    startBrowser(),
    startTestGate(env),
    startPaheko({ credentials: [PAHEKO_WRITER] }),
    startPahekoOidc({ members }),
  ])
  const app = `http://127.0.0.1:${appPort}`
  await furnish()
  const [pahekoClient, till] = [await makePaheko(), await makeTill(app)]
  paheko.configure(configOf(pahekoClient))
  const key = await must('POST', '/keys', {
    name: 'Till',
    account: 'till',
    grants: [{ connection: 'paheko', allow: ['accounting-post'] }],
  })
  application = await startExample({
    name: 'fastapi',
    port: appPort,
    octroiUrl: octroi,
    clientId: till.client_id,
    clientSecret: till.client_secret,
    octroiKey: key.key,
  })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await application?.stop()
  await gate?.stop()
  await Promise.all([paheko?.stop(), api?.stop()])
})

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
async function must(method: string, path: string, body: unknown): Promise<any> {
  const answer = await gate.api(method, path, body)
  expect([path, answer.status < 300 ? 'done' : answer.body]).toEqual([path, 'done'])
  return answer.body
}

async function furnish(): Promise<void> {
  await must('POST', '/groups', { id: 'compta', name: 'Comptabilité' })
  await must('POST', '/accounts', { id: 'till', kind: 'service', name: 'Till' })
  const ada = { id: 'ada', kind: 'person', name: 'Ada Lovelace', email: 'ada@example.org' }
  await must('POST', '/accounts', { ...ada, password: PASSWORD, groups: ['compta'] })
  await must('PUT', '/accounts/ada/emails', { address: 'ada@example.org', verified: true })
  await must('POST', '/connections', {
    id: 'paheko',
    connector: 'paheko',
    settings: { base_url: api.url },
    secrets: { username: PAHEKO_WRITER.username, password: PAHEKO_WRITER.password },
    network: LOOPBACK_NETWORK,
  })
}

const makePaheko = () =>
  must('POST', '/clients', {
    template: 'paheko',
    url: paheko.adminUrl.replace(/\/admin\/$/, ''),
    allow: { groups: ['compta'] },
  })

const makeTill = (app: string) =>
  must('POST', '/clients', {
    template: 'recyclique',
    url: app,
    id: 'caisse',
    name: 'Caisse',
    post_logout_redirect_uris: [`${app}/api/logged-out`],
    allow: { groups: ['compta'] },
    openid: { backchannel_logout_uri: `${app}/api/backchannel-logout`, network: LOOPBACK_NETWORK },
  })

interface Visitor {
  readonly page: Page
  /** Addresses of Octroi's sign-in that were shown. */
  readonly asked: string[]
  /** What the browser complained of, and what was answered with an error. */
  readonly said: string[]
}

async function visitor(): Promise<Visitor> {
  const context = await browser.context({ locale: 'fr-FR' })
  const page = await context.newPage()
  const asked: string[] = []
  page.on('framenavigated', (frame) => {
    if (frame.url().startsWith(`${octroi}/sign-in`)) asked.push(frame.url())
  })
  const said = complaints(page)
  page.on('response', (answer) => {
    if (answer.status() >= 400) said.push(`${answer.status()} ${answer.url()}`)
  })
  return { page, asked, said }
}

/** The application's own script asks first who is signed in: 401 is its answer. Neither site has an icon. */
const unexpected = (said: readonly string[]) =>
  said.filter((line) => !/^Failed to load resource|\/favicon\.ico$|^401 .*\/api\/me$/.test(line))

async function typePassword(page: Page): Promise<void> {
  expect(page.url().startsWith(octroi)).toBe(true)
  await page.fill('input[name=login]', 'ada')
  await page.fill('input[name=password]', PASSWORD)
  await page.click('main button[type=submit]')
}

async function signInAtTheApplication({ page }: Visitor, picture?: string): Promise<void> {
  await page.goto(application.url)
  if (picture !== undefined) await browser.screenshot(page, `${picture}_1_outside`)
  await page.click('#sign-in')
  expect(await page.textContent('main')).toContain('Caisse')
  if (picture !== undefined) await browser.screenshot(page, `${picture}_2_octroi`)
  await typePassword(page)
  await page.locator('#inside').waitFor()
  expect(await page.textContent('#who')).toBe('Ada Lovelace')
}

/** By the button of its login page. */
async function openPaheko({ page }: Visitor): Promise<void> {
  await page.goto(paheko.adminUrl)
  await page.getByRole('link', { name: 'Octroi' }).click()
}

it('S0-18, S0-19, S1-04, S1-08: signed in once at the application, Paheko opens without a password; out of both', async () => {
  const ada = await visitor()
  const { page, asked, said } = ada
  await signInAtTheApplication(ada, 'one_login')
  await browser.screenshot(page, 'one_login_3_application')
  await page.fill('input[name=label]', 'Une lampe')
  await page.fill('input[name=euros]', '12.50')
  await page.click('#sale button')
  await page.getByText(/In the books: transaction \d+/).waitFor()
  expect(api.transactionCount()).toBe(1)
  expect(asked.length).toBeGreaterThan(0)
  asked.length = 0

  await openPaheko(ada)
  await page.waitForURL(paheko.adminUrl)
  expect(await page.textContent('h1')).toContain('Bonjour Ada Lovelace')
  expect(asked).toEqual([])
  await browser.screenshot(page, 'one_login_4_paheko')

  await page.goto(application.url)
  await page.click('#sign-out')
  await page.getByText('You are signed out.').waitFor()
  await browser.screenshot(page, 'one_login_5_signed_out')
  const cookies = await page.context().cookies()
  expect(cookies.filter(({ name }) => name.includes('octroi_session'))).toEqual([])
  await page.goto(`${octroi}/account`)
  expect(asked.length).toBeGreaterThan(0)

  // Paheko's session is its own, as the guide says, and ends at Paheko.
  await page.goto(paheko.adminUrl)
  expect(await page.textContent('h1')).toContain('Bonjour Ada Lovelace')
  await page.getByRole('link', { name: 'Déconnexion' }).click()
  await browser.screenshot(page, 'one_login_6_out_of_paheko')
  await openPaheko(ada)
  expect(await page.locator('input[name=password]').isVisible()).toBe(true)
  await browser.screenshot(page, 'one_login_7_asked_again')
  await page.goto(application.url)
  await page.click('#sign-in')
  expect(await page.locator('input[name=password]').isVisible()).toBe(true)
  expect(unexpected(said)).toEqual([])
  await page.context().close()
})

it('the other way round: Paheko first, then the application; out at Paheko alone, and it opens again at a click', async () => {
  const ada = await visitor()
  const { page, asked, said } = ada
  await openPaheko(ada)
  expect(await page.textContent('main')).toContain('Paheko')
  await typePassword(page)
  await page.waitForURL(paheko.adminUrl)
  asked.length = 0
  await page.goto(application.url)
  await page.click('#sign-in')
  await page.locator('#inside').waitFor()
  await page.goto(`${paheko.adminUrl}logout.php`)
  await openPaheko(ada)
  await page.waitForURL(paheko.adminUrl)
  expect(asked).toEqual([])
  expect(unexpected(said)).toEqual([])
  await page.context().close()
})

it('out at Octroi itself: the application is told, and knows nobody any more', async () => {
  const ada = await visitor()
  const { page } = ada
  await signInAtTheApplication(ada)
  await page.goto(`${octroi}/session/sign-out`)
  await page.click('form[action$="/session/sign-out"] button')
  await page.locator('form[action$="/session/sign-out"]').waitFor({ state: 'detached' })
  await browser.screenshot(page, 'one_login_8_out_of_octroi')
  await page.goto(application.url)
  await expect.poll(() => statusOfMe(page)).toBe(401)
  await page.context().close()
})

it('an operator ends her sessions, or disables her: the application is told, Paheko lets nobody in any more', async () => {
  const ada = await visitor()
  const { page } = ada
  await signInAtTheApplication(ada)
  await must('POST', '/accounts/ada/disable', undefined)
  await expect.poll(() => statusOfMe(page)).toBe(401)
  await openPaheko(ada)
  expect(await page.locator('input[name=password]').isVisible()).toBe(true)
  await must('POST', '/accounts/ada/enable', undefined)
  await page.context().close()
})

function statusOfMe(page: Page): Promise<number> {
  return page.evaluate(`fetch('/api/me').then(({ status }) => status)`)
}
