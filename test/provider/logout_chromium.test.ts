import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { accessibilityFaults } from '../browser/axe.ts'
import { complaints, startBrowser, type TestBrowser, widthOf } from '../browser/browser.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { peopleOf } from '../support/people.ts'

/** What only a browser does at the way out: which cookies go with a form of another site, and where a form may lead. */

const PASSWORD = 'a long enough secret'

let browser: TestBrowser
let gate: TestGate
let application: Server
let url: string
let site: string

beforeAll(async () => {
  const port = await freePort(0)
  // Another host is another site: our cookie is at `localhost`, the application at `127.0.0.1`.
  url = `http://localhost:${port}`
  ;[browser, gate] = await Promise.all([
    startBrowser(),
    startTestGate({ OCTROI_LISTEN: `127.0.0.1:${port}`, OCTROI_PUBLIC_URL: url }),
  ])
  application = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    response.writeHead(200, { 'content-type': 'text/html' })
    if (pathname === '/bye') return response.end(`<h1>Bye ${searchParams.get('state')}</h1>`)
    const fields = [...searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
    response.end(`<form method="post" action="${url}/oidc/session/end">${fields.join('')}<button>Out</button></form>`)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => application.once('listening', resolve))
  site = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  await gate.api('POST', '/accounts', { id: 'ada', kind: 'person', name: 'Ada', password: PASSWORD })
  for (const id of ['shop', 'wiki']) {
    const made = await gate.api('POST', '/clients', {
      ...{ id, name: `The ${id}`, redirect_uris: [`${site}/in`], post_logout_redirect_uris: [`${site}/bye`] },
      ...{ allow: { authenticated: true }, openid: { scopes: ['openid', 'profile', 'email', 'groups'] } },
    })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
  }
}, 60_000)
afterAll(async () => {
  await browser?.close()
  application?.close()
  await gate?.stop()
})

/** Signed in, and known to both applications by a session that is called after them. */
async function signedIn(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}/sign-in/password`)
  await page.fill('input[name=login]', 'ada')
  await page.fill('input[name=password]', PASSWORD)
  await page.click('main button[type=submit]')
  const people = await peopleOf(gate)
  const sessions = await people.open.store.sessions.list({ limit: 100 }, { account: 'ada' })
  for (const { id: session } of sessions)
    for (const client of ['shop', 'wiki']) {
      const created_at = new Date().toISOString()
      await people.open.store.sessionClients.put({
        session,
        client,
        sid: `${session}-${client}`,
        grant: null,
        created_at,
      })
    }
  await people.close()
  return page
}

const sessions = async () => (await gate.api('GET', '/sessions?account=ada')).body.items.length

describe.each([true, false])('with script allowed: %s', (javaScriptEnabled) => {
  it('T38 a form of the application leads here with our cookie, to a page that asks, and back to it', async () => {
    const page = await signedIn(await browser.context({ javaScriptEnabled }))
    const before = await sessions()
    await page.goto(`${site}/?client_id=shop&post_logout_redirect_uri=${site}/bye&state=s1`)
    await page.click('button')
    expect(new URL(page.url()).pathname).toBe('/oidc/session/end')
    expect(await page.textContent('main')).toContain('The shop')
    expect(await sessions()).toBe(before)
    await page.click('main button[type=submit]')
    await page.waitForURL(`${site}/bye?state=s1`)
    expect(await page.textContent('h1')).toBe('Bye s1')
    expect(await sessions()).toBe(before - 1)
    await page.goto(`${url}/account`)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
  })
  it('the person takes the access of an application away; accessible, small, in the dark', async () => {
    const context = await browser.context({
      javaScriptEnabled,
      colorScheme: 'dark',
      viewport: { width: 320, height: 640 },
    })
    const page = await signedIn(context)
    const seen = complaints(page)
    await page.goto(`${url}/account`)
    await page.click('a[href*="/account/applications"]')
    expect(await page.locator('ul.rows li').count()).toBe(2)
    expect(await page.textContent('main')).toContain('It knows that it is you, your name, your e-mail address')
    await browser.screenshot(page, `applications-${javaScriptEnabled}`)
    expect([await widthOf(page), javaScriptEnabled ? await accessibilityFaults(page) : []]).toEqual([320, []])
    await page.click('a[aria-label="Revoke – The shop"]')
    await browser.screenshot(page, `applications-confirm-${javaScriptEnabled}`)
    await page.click('main button[type=submit]')
    expect(new URL(page.url()).search).toContain('done=application_revoked')
    expect(await page.textContent('[role=status]')).toContain('The access was revoked')
    expect(await page.locator('ul.rows li').count()).toBe(1)
    expect(seen).toEqual([])
  })
})
