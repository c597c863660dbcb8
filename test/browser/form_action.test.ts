import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectAuthorise, connectDone, connectOnward } from '../../src/pages/connect.ts'
import { html } from '../../src/pages/html.ts'
import { type Page, renderPage } from '../../src/pages/page.ts'
import { complaints, startBrowser, type TestBrowser } from './browser.ts'
import { type PageServer, servePages } from './page_server.ts'

/**
 * Where a POST may end. Chromium holds `form-action` against every redirect that follows (CSP 3 leaves it open), so a POST that
 * answers with a redirect to a service fails as soon as that service redirects to its sign-in at another host.
 */

const AROUND = { language: 'en', host: 'octroi.example.org', service: 'Acme' } as const
const SIGN_IN = connectDone({ ...AROUND, service: 'Sign-in' })

let browser: TestBrowser
let context: BrowserContext
let gate: PageServer
let service: PageServer
let signIn: PageServer

beforeAll(async () => {
  browser = await startBrowser()
  context = await browser.context({ javaScriptEnabled: false })
  signIn = await servePages(({ path }) => (path === '/sign-in' ? SIGN_IN : undefined))
  service = await servePages(({ path }) =>
    path === '/authorize'
      ? { status: 302, location: `${signIn.origin}/sign-in` }
      : path === '/end'
        ? SIGN_IN
        : undefined,
  )
  gate = await servePages(({ path }) => PAGES[path]?.())
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([gate?.close(), service?.close(), signIn?.close()])
})

const PAGES: Readonly<Record<string, () => Page | { status: 303; location: string }>> = {
  '/authorise': () => authorise('/authorise/onward'),
  '/authorise/onward': () => connectOnward({ ...AROUND, target: `${service.origin}/authorize?state=a%20b&scope=c` }),
  '/strict': () => withForm('/redirects-to-end', []),
  '/named': () => withForm('/redirects-to-end', [service.origin]),
  '/named-chain': () => withForm('/redirects-to-authorize', [service.origin]),
  '/redirects-to-end': () => ({ status: 303, location: `${service.origin}/end` }),
  '/redirects-to-authorize': () => ({ status: 303, location: `${service.origin}/authorize` }),
}

function authorise(action: string): Page {
  return connectAuthorise({ ...AROUND, action, csrf: 'x', signInHost: 'login.example' })
}

function withForm(action: string, formOrigins: readonly string[]): Page {
  const body = html`<h1>Go</h1><form method="post" action="${action}"><button>Go</button></form>`
  return renderPage({ ...AROUND, title: 'Go', body, formOrigins })
}

const ENDS = ['/sign-in', '/end']

/** Opens a page, presses its button, and expects where that leads: an address, or `refused` by the policy. */
async function expectPressed(path: string, end: string): Promise<void> {
  const page = await context.newPage()
  const seen = complaints(page)
  await page.goto(`${gate.origin}${path}`)
  await page.getByRole('button').click({ noWaitAfter: true })
  const outcome = () => {
    if (seen.some((line) => line.includes('form-action'))) return 'refused'
    return ENDS.includes(new URL(page.url()).pathname) ? page.url() : 'on its way'
  }
  await expect.poll(outcome, { timeout: 20_000 }).toBe(end)
  expect(seen.filter((line) => !line.includes('form-action'))).toEqual([])
  await page.close()
}

describe('a POST that leads to another site', () => {
  it('arrives by a page that leads on, through redirects of hosts that nobody named, without script', async () => {
    await expectPressed('/authorise', `${signIn.origin}/sign-in`)
    const asked = service.asked.find(({ path }) => path === '/authorize')
    expect(asked?.method).toBe('GET')
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({ state: 'a b', scope: 'c' })
    // The address of the page is a capability: the service does not learn it.
    expect(asked?.headers.referer).toBeUndefined()
  })
  it('arrives by a redirect to an origin that the page names', async () => {
    await expectPressed('/named', `${service.origin}/end`)
  })
  it('is refused by a redirect to an origin that the page does not name', async () => {
    service.asked.length = 0
    await expectPressed('/strict', 'refused')
    expect(service.asked).toEqual([])
  })
  it('is refused when the named origin redirects to one that is not: why the answer is a page that leads on', async () => {
    signIn.asked.length = 0
    await expectPressed('/named-chain', 'refused')
    expect(signIn.asked).toEqual([])
  })
})
