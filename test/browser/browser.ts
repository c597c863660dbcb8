import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** A real Chromium: Debian's, or the one that `CHROMIUM` names. */
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'

export interface TestBrowser {
  /** A context of its own: no cookie, storage or cache of another. It is closed with the browser. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>
  /** Writes `NAME.png` of the whole page into the folder that `OCTROI_SCREENSHOTS` names, for people to look at; without one, nothing. */
  screenshot(page: Page, name: string): Promise<void>
  close(): Promise<void>
}

/** `args`: more for its command line. */
export async function startBrowser(args: readonly string[] = []): Promise<TestBrowser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(
      `The browser tests need Chromium at ${EXECUTABLE}: apt-get install chromium, or name another by CHROMIUM.`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'octroi-browser-'))
  const pictures = process.env.OCTROI_SCREENSHOTS
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', ...args],
    // Chromium writes below its home; nothing of the person who runs the tests is read or changed.
    env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
  })
  return {
    context: (options) => browser.newContext(options),
    async screenshot(page, name) {
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
    },
    async close() {
      await browser.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** How wide the page is, in CSS pixels: more than the window, and it scrolls sideways (WCAG 1.4.10). */
export function widthOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth') as Promise<number>
}

/** What the browser complains of: violations of the policy, errors of its console. Fills while the page lives. */
export function complaints(page: Page): string[] {
  const seen: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') seen.push(message.text())
  })
  page.on('pageerror', (error) => seen.push(error.message))
  return seen
}
