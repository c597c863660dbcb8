import type { Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LANGUAGES, type Language } from '../../src/pages/language.ts'
import type { Page } from '../../src/pages/page.ts'
import { PASSKEY_SCRIPT } from '../../src/pages/passkey_script.ts'
import { accessibilityFaults } from './axe.ts'
import { complaints, startBrowser, type TestBrowser, widthOf } from './browser.ts'
import { type PageServer, servePages } from './page_server.ts'
import { HOSTILE } from './sign_in_samples.ts'

/** Each page as people meet it: both languages, light on a small phone and dark on a screen; and with names that want to run. */

type Pages = Readonly<Record<string, (language: Language) => Page>>

const LOOKS = [
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 1280 },
] as const

const SCRIPT: Page = { status: 200, headers: ['Content-Type', 'text/javascript; charset=utf-8'], body: PASSKEY_SCRIPT }

export function everyPageIsSound(pages: Pages, hostile: Pages): void {
  let browser: TestBrowser
  let server: PageServer
  /** One page for all of them: a new one costs more than what is looked at. */
  let page: BrowserPage
  let seen: string[]

  beforeAll(async () => {
    browser = await startBrowser()
    server = await servePages(({ path, query }) => {
      if (path === '/sign-in/passkey.js') return SCRIPT
      return (query.has('hostile') ? hostile : pages)[path]?.(query.get('lang') === 'fr' ? 'fr' : 'en')
    })
    page = await (await browser.context({ reducedMotion: 'reduce' })).newPage()
    seen = complaints(page)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function open(path: string, query: string): Promise<void> {
    seen.length = 0
    await page.goto(`${server.origin}${path}?${query}`)
  }

  /** A page with a status of 4xx or 5xx is itself a line of the console. */
  const said = () => seen.filter((line) => !line.startsWith('Failed to load resource: the server responded'))

  describe.each(Object.keys(pages))('%s', (path) => {
    it.each(LANGUAGES)(
      '%s: no fault of accessibility, nothing wider than the window, no word of the policy',
      async (language) => {
        await open(path, `lang=${language}`)
        for (const { colorScheme, width } of LOOKS) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize({ width, height: 720 })
          await browser.screenshot(page, `${path.slice(1)}-${language}-${colorScheme}-${width}`)
          expect(await accessibilityFaults(page), `${colorScheme}, ${width} px`).toEqual([])
          expect(await widthOf(page), `${colorScheme}, ${width} px`).toBeLessThanOrEqual(width)
        }
        expect(said()).toEqual([])
      },
    )
  })

  it('T39 a name stays text, whatever it holds', async () => {
    await page.setViewportSize({ width: 320, height: 720 })
    for (const path of Object.keys(hostile)) {
      await open(path, 'lang=fr&hostile')
      const made = 'document.querySelectorAll("main b, main [onerror], main script").length'
      expect(await page.evaluate(made), path).toBe(0)
      expect(await page.title(), path).not.toBe('run')
      expect(await widthOf(page), path).toBeLessThanOrEqual(320)
      expect(said(), path).toEqual([])
    }
  })

  it('T39 the hostile names are on the pages', async () => {
    const bodies = Object.values(hostile).map((make) => make('en').body)
    expect(bodies.filter((body) => body.includes('&lt;img src=x onerror=')).length).toBeGreaterThan(10)
    expect(bodies.filter((body) => body.includes(HOSTILE))).toEqual([])
  })
}
