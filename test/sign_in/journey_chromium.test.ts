import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { codeOfStep, stepAt } from '../../src/sign_in/factors/totp.ts'
import { complaints, startBrowser, type TestBrowser } from '../browser/browser.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** What only a browser does: cookies as it keeps them, redirects as it follows them, policies as it enforces them. */

const PASSWORD = 'a long enough secret'
const CHALLENGE = createHash('sha256').update('v'.repeat(64)).digest('base64url')

let browser: TestBrowser
let gate: TestGate
let url: string
let application: Server
let callback: string

beforeAll(async () => {
  const port = await freePort(0)
  url = `http://localhost:${port}`
  const env = { OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: url, OCTROI_NAME: 'Les Amis de la Forêt' }
  ;[browser, gate] = await Promise.all([startBrowser(), startTestGate(env)])
  application = createServer((request, response) => {
    const isBack = request.url?.startsWith('/back') === true
    const landed = `http://localhost:${portOf(application)}/landed${request.url?.slice('/back'.length)}`
    response.writeHead(isBack ? 302 : 200, isBack ? { location: landed } : { 'content-type': 'text/html' })
    response.end('<h1>Landed</h1>')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => application.once('listening', resolve))
  callback = `http://127.0.0.1:${portOf(application)}/back`
  for (const id of ['ada', 'max', 'eve'])
    await gate.api('POST', '/accounts', { id, kind: 'person', name: id, password: PASSWORD })
  const made = await gate.api('POST', '/clients', {
    id: 'shop',
    name: 'The Shop',
    redirect_uris: [callback],
    allow: { authenticated: true },
  })
  expect(made.status).toBe(201)
})
afterAll(async () => {
  await browser?.close()
  application?.close()
  await gate?.stop()
})

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function type(page: Page, login: string): Promise<void> {
  await page.fill('input[name=login]', login)
  await page.fill('input[name=password]', PASSWORD)
  await page.click('button[type=submit]')
}

describe.each([true, false])('with script allowed: %s', (javaScriptEnabled) => {
  it('in, to the own page, and out again; nothing is complained of', async () => {
    const context = await browser.context({ javaScriptEnabled, locale: 'fr-FR' })
    const page = await context.newPage()
    const said = complaints(page)
    await page.goto(`${url}/sign-in`)
    expect(await page.getAttribute('html', 'lang')).toBe('fr')
    await browser.screenshot(page, `sign_in_${javaScriptEnabled}`)
    await type(page, 'ada')
    await page.waitForURL(/\/account/)
    const cookies = await context.cookies()
    const session = cookies.find(({ name }) => name === 'octroi_session')
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 })
    await page.goto(`${url}/session/sign-out`)
    await page.click('form[action$="/session/sign-out"] button')
    await page.locator('form[action$="/session/sign-out"]').waitFor({ state: 'detached' })
    await browser.screenshot(page, `signed_out_${javaScriptEnabled}`)
    await page.goto(`${url}/account`)
    expect(page.url()).toContain('/sign-in')
    expect(said).toEqual([])
    await context.close()
  })

  it('to an application that leads on to yet another host: no policy of ours stands in the way', async () => {
    const context = await browser.context({ javaScriptEnabled })
    const page = await context.newPage()
    const said = complaints(page)
    const query = new URLSearchParams({
      app: 'shop',
      state: 'its-own',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    })
    await page.goto(`${url}/sign-in?${query}`)
    expect(await page.textContent('main')).toContain('The Shop')
    await type(page, 'max')
    await page.waitForURL(/\/landed\?/)
    const landed = new URL(page.url()).searchParams
    expect([landed.get('state'), landed.get('iss')]).toEqual(['its-own', url])
    expect(landed.get('code')).toMatch(/^[\w-]{43}$/)
    // A second time, signed in already: at once.
    await page.goto(`${url}/sign-in?${query}`)
    expect(page.url()).toContain('/landed?')
    expect(said.filter((line) => !line.includes('favicon'))).toEqual([])
    await context.close()
  })
})

it('a second factor is set up on the way, its codes are shown once, and a page that is reloaded asks again', async () => {
  await gate.api('PATCH', '/sign-in-methods/password', { second_factor: 'required' })
  const context = await browser.context({ javaScriptEnabled: false })
  const page = await context.newPage()
  const said = complaints(page)
  await page.goto(`${url}/sign-in`)
  await type(page, 'eve')
  await page.waitForURL(/\/sign-in\/step\//)
  const typed = ((await page.textContent('code.code')) ?? '').replaceAll(' ', '')
  await page.reload()
  expect(((await page.textContent('code.code')) ?? '').replaceAll(' ', '')).toBe(typed)
  await browser.screenshot(page, 'enrol')
  await page.fill('input[name=code]', codeOfStep(typed, stepAt(Date.now())))
  await page.click('button[type=submit]')
  // The steps of the page before are a list too: the form with a code is gone.
  await page.locator('input[name=code]').waitFor({ state: 'detached' })
  expect(await page.locator('main li').count()).toBeGreaterThan(5)
  await browser.screenshot(page, 'recovery_codes')
  await page.click('form[action*="/sign-in/step/"] button')
  await page.waitForURL(/\/account/)
  expect(said).toEqual([])
  await context.close()
})
