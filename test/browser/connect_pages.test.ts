import type { BrowserContext, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectOnward } from '../../src/pages/connect.ts'
import { LANGUAGES, type Language } from '../../src/pages/language.ts'
import { accessibilityFaults } from './axe.ts'
import { complaints, startBrowser, type TestBrowser, widthOf } from './browser.ts'
import { CONNECT_PAGES } from './connect_samples.ts'
import { type PageServer, servePages } from './page_server.ts'

/** Each connect page as people meet it: both languages, light and dark, on a small phone and on a screen. */

/** Colours and widths have nothing to do with one another. */
const LOOKS = [
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 1280 },
] as const

const pages: typeof CONNECT_PAGES = {
  ...CONNECT_PAGES,
  '/onward': (language) =>
    connectOnward({ language, host: 'octroi.example.org', service: 'Fiken', target: `${server.origin}/stay` }),
}

let browser: TestBrowser
let server: PageServer
let context: BrowserContext

beforeAll(async () => {
  browser = await startBrowser()
  server = await servePages(({ path, query }) => {
    // The browser stays where it is: the page that leads on can be looked at.
    if (path === '/stay') return { status: 204, headers: [], body: '' }
    return pages[path]?.(query.get('lang') === 'fr' ? 'fr' : 'en')
  })
  context = await browser.context({ reducedMotion: 'reduce' })
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

async function open(path: string, language: Language): Promise<{ page: BrowserPage; seen: string[] }> {
  const page = await context.newPage()
  const seen = complaints(page)
  await page.goto(`${server.origin}${path}?lang=${language}`)
  return { page, seen }
}

describe.each(Object.keys(pages))('%s', (path) => {
  it.each(LANGUAGES)(
    '%s: no fault of accessibility, nothing wider than the window, no word of the policy',
    async (language) => {
      const { page, seen } = await open(path, language)
      for (const { colorScheme, width } of LOOKS) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 720 })
        await browser.screenshot(page, `${path.slice(1)}-${language}-${colorScheme}-${width}`)
        expect(await accessibilityFaults(page), `${colorScheme}, ${width} px`).toEqual([])
        expect(await widthOf(page), `${colorScheme}, ${width} px`).toBeLessThanOrEqual(width)
      }
      // A page with a status of 4xx or 5xx is itself a line of the console.
      expect(seen.filter((line) => !line.startsWith('Failed to load resource: the server responded'))).toEqual([])
      await page.close()
    },
  )
})
