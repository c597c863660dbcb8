import type { BrowserContext, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectDone } from '../../src/pages/connect.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { CONNECT_PAGES } from './connect_samples.ts'
import { type Asked, type PageServer, servePages } from './page_server.ts'

/** What people do on the connect pages, with a keyboard and without script. */

const POSTED = connectDone({ language: 'en', host: 'octroi.example.org', service: 'Acme' })

let browser: TestBrowser
let server: PageServer

beforeAll(async () => {
  browser = await startBrowser()
  server = await servePages(({ path, query }) =>
    path === '/posted' ? POSTED : CONNECT_PAGES[path]?.(query.get('lang') === 'fr' ? 'fr' : 'en'),
  )
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})
beforeEach(() => {
  server.asked.length = 0
})

function posted(): Asked {
  const [last] = server.asked.filter(({ method }) => method === 'POST')
  if (last === undefined) throw new Error('Nothing was posted.')
  return last
}

/** Presses Tab until the focus is on an element, or has been everywhere. What was passed is returned, the element last. */
async function tabTo(page: BrowserPage, selector: string): Promise<string[]> {
  const passed: string[] = []
  while (passed.length < 40) {
    await page.keyboard.press('Tab')
    passed.push((await page.evaluate(NAME_OF_FOCUS)) as string)
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return passed
  }
  throw new Error(`The keyboard does not reach ${selector}: ${passed.join(', ')}`)
}

const NAME_OF_FOCUS = `(() => {
  const { activeElement: e } = document
  return e.getAttribute('name') ?? e.getAttribute('role') ?? (e.textContent ?? '').trim()
})()`

describe.each([true, false])('with script allowed: %s', (javaScriptEnabled) => {
  let context: BrowserContext
  let page: BrowserPage

  beforeAll(async () => {
    context = await browser.context({ javaScriptEnabled })
  })
  beforeEach(async () => {
    page = await context.newPage()
  })

  it('a form is filled in and sent by keyboard alone, in the order that is seen', async () => {
    await page.goto(`${server.origin}/form-rich?lang=fr`)
    const passed = await tabTo(page, 'textarea')
    expect(passed.slice(-6)).toEqual([
      'settings.base_url',
      'settings.environment',
      'settings.company',
      'secrets.username',
      'secrets.client_secret',
      'secrets.rsa_key',
    ])
    await page.locator('[name="settings.environment"]').selectOption('sod')
    await page.locator('[name="secrets.client_secret"]').fill(`S3cret <"'&>é`)
    await page.locator('textarea').fill('-----BEGIN\nkey\n')
    expect(await tabTo(page, 'button')).toEqual(['Continuer'])
    await page.keyboard.press('Enter')
    await page.waitForURL('**/posted')
    expect(Object.fromEntries(posted().form)).toEqual({
      csrf: 'c5rf-t0ken',
      lang: 'fr',
      scheme: 'superoffice',
      'settings.base_url': expect.stringContaining('https://comptabilite.'),
      'settings.environment': 'sod',
      'settings.company': '0',
      'secrets.username': 'marie',
      'secrets.client_secret': `S3cret <"'&>é`,
      'secrets.rsa_key': '-----BEGIN\r\nkey\r\n',
    })
    // What a route can go by: the referrer policy takes the origin away.
    expect(posted().headers).toMatchObject({
      origin: 'null',
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate',
    })
    // A secret is in no address, where logs and the history keep it.
    expect(server.asked.some(({ query }) => query.toString().includes('S3cret'))).toBe(false)
  })
  it('a form that lacks what is required is not sent', async () => {
    await page.goto(`${server.origin}/form`)
    await page.locator('button').click()
    await page.locator('[name="secrets.api_key"]:invalid:focus').waitFor()
    expect(server.asked.map(({ method }) => method)).toEqual(['GET'])
  })
  it('faults have the focus at once, are announced, and lead to their field', async () => {
    await page.goto(`${server.origin}/form-faulty`)
    await page.locator('[role=alert]:focus').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('There is a problem')
    const passed = await tabTo(page, 'a[href="#field-secrets-client_secret"]')
    expect(passed.length).toBe(2)
    await page.keyboard.press('Enter')
    await page.locator('[name="secrets.client_secret"]:focus').waitFor()
    expect(await page.getByLabel('Client secret').getAttribute('aria-invalid')).toBe('true')
  })
  it('an account is chosen with the arrows', async () => {
    await page.goto(`${server.origin}/choose`)
    await tabTo(page, '[name=account]')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await tabTo(page, 'button')).toEqual(['Connect this account'])
    await page.keyboard.press('Enter')
    await page.waitForURL('**/posted')
    expect(Object.fromEntries(posted().form)).toEqual({ csrf: 'c5rf-t0ken', lang: 'en', account: '1002' })
  })
  it('the language is changed by the link in the page', async () => {
    await page.goto(`${server.origin}/authorise`)
    await page.getByRole('link', { name: 'Français' }).click()
    await page.waitForURL('**/authorise?lang=fr')
    expect(await page.locator('html').getAttribute('lang')).toBe('fr')
    expect(await page.getByRole('button').textContent()).toBe('Continuer vers Fiken')
  })
  it('an input has at least 16 px, below which phones zoom', async () => {
    await page.goto(`${server.origin}/form-rich`)
    const sizes = (await page.evaluate(FONT_SIZES)) as number[]
    expect(sizes).toHaveLength(6)
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(16)
  })
})

const FONT_SIZES = `[...document.querySelectorAll('.field > input, select, textarea')]
  .map((element) => Number.parseFloat(getComputedStyle(element).fontSize))`
