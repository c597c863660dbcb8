import fc from 'fast-check'
import type { BrowserContext, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { html } from '../../src/pages/html.ts'
import { type Page, renderPage } from '../../src/pages/page.ts'
import { accessibilityFaults } from './axe.ts'
import { complaints, startBrowser, type TestBrowser, widthOf } from './browser.ts'
import { type PageServer, servePages } from './page_server.ts'

/** The checks themselves: they find what is planted. And what `html` escapes is read back as it was by a real parser. */

let browser: TestBrowser
let context: BrowserContext
let server: PageServer
let served: Page

beforeAll(async () => {
  browser = await startBrowser()
  context = await browser.context()
  server = await servePages(({ path }) => (path === '/' ? served : undefined))
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

function page(body: ReturnType<typeof html>): Page {
  return renderPage({ language: 'en', host: 'octroi.example.org', title: 'Planted', body })
}

/** As if something had got past the templates. */
function planted(markup: string): Page {
  const { status, headers, body } = page(html`<h1>Planted</h1>`)
  const whole = body.replace('</section>', `${markup}</section>`)
  const at = headers.indexOf('Content-Length') + 1
  return { status, headers: headers.with(at, String(Buffer.byteLength(whole))), body: whole }
}

async function show(what: Page): Promise<{ shown: BrowserPage; seen: string[] }> {
  served = what
  const shown = await context.newPage()
  const seen = complaints(shown)
  await shown.goto(server.origin)
  return { shown, seen }
}

describe('axe', () => {
  it.each([
    ['label', '<input type="text" name="x">'],
    ['image-alt', '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">'],
    ['color-contrast', '<p><font color="#bbbbbb">pale</font></p>'],
    ['button-name', '<button></button>'],
  ])('finds %s', async (rule, markup) => {
    const { shown } = await show(planted(markup))
    expect((await accessibilityFaults(shown)).map((fault) => fault.split(':')[0])).toContain(rule)
  })
  it('finds nothing in an empty page of ours', async () => {
    const { shown } = await show(page(html`<h1>Hello</h1>`))
    expect(await accessibilityFaults(shown)).toEqual([])
  })
})

describe('the width', () => {
  it('is more than the window where something does not fit', async () => {
    const { shown } = await show(planted('<svg width="900" height="9"></svg>'))
    await shown.setViewportSize({ width: 320, height: 720 })
    expect(await widthOf(shown)).toBeGreaterThan(320)
  })
})

describe('the policy', () => {
  it.each([
    ['a script', '<script>document.title = "run"</script>', 'script-src'],
    ['a script of another host', '<script src="https://evil.example/x.js"></script>', 'script-src'],
    ['a handler', '<img src="x:" onerror="document.title = \'run\'">', 'img-src'],
    ['a style', '<style>body { display: none }</style>', 'style-src'],
    ['a style attribute', '<p style="position: fixed">x</p>', 'style-src'],
    ['a picture of another host', '<img alt="" src="https://evil.example/x.png">', 'img-src'],
    ['a frame', '<iframe title="x" src="https://evil.example/"></iframe>', 'default-src'],
    ['another base', '<base href="https://evil.example/">', 'base-uri'],
  ])('refuses %s that got in, and it is seen', async (_, markup, directive) => {
    const { shown, seen } = await show(planted(markup))
    await expect.poll(() => seen.join('\n')).toContain(directive)
    expect(await shown.title()).toBe('Planted – octroi.example.org')
    expect(await shown.locator('h1').isVisible()).toBe(true)
  })
})

describe('what is escaped', () => {
  it('is read by the browser as the same text, between tags, in attributes and in text areas', async () => {
    const unit = fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      ';',
      '/',
      '!',
      '-',
      '=',
      ' ',
      '\n',
      '`',
      '#',
      'a',
      'é',
      '\u2028',
      '😀',
    )
    const texts = fc.sample(fc.oneof(fc.string({ unit, maxLength: 30 }), fc.string({ unit: 'grapheme' })), 400)
    const { shown } = await show(
      page(
        html`<h1>Texts</h1>${texts.map(
          (text) => html`<p title="${text}">${text}</p><textarea>
${text}</textarea>`,
        )}`,
      ),
    )
    const read = await shown.evaluate(READ)
    // The parser itself drops NUL and reads a carriage return as a line break (HTML §13.2.3.5): fast-check's graphemes have neither.
    expect(read).toEqual({ titles: texts, paragraphs: texts, areas: texts, elements: texts.length * 2 + 1 })
  })
})

const READ = `(() => {
  const of = (selector, read) => [...document.querySelectorAll('section ' + selector)].map(read)
  return {
    titles: of('p', (e) => e.getAttribute('title')),
    paragraphs: of('p', (e) => e.textContent),
    areas: of('textarea', (e) => e.defaultValue),
    elements: of('*', (e) => e).length,
  }
})()`
