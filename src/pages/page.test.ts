import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { html } from './html.ts'
import { type PageContent, renderPage } from './page.ts'

function content(more: Partial<PageContent> = {}): PageContent {
  return { language: 'en', host: 'octroi.example.org', title: 'A <title>', body: html`<h1>Hello</h1>`, ...more }
}

function header(page: { headers: readonly string[] }, name: string): string | undefined {
  return page.headers[page.headers.indexOf(name) + 1]
}

describe('a page', () => {
  it('goes with headers that allow its own style and a form to ourselves, and nothing else', () => {
    const page = renderPage(content())
    const style = /<style>(.*?)<\/style>/s.exec(page.body)?.[1] as string
    const hash = createHash('sha256').update(style).digest('base64')
    expect(header(page, 'Content-Security-Policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
    expect(page.status).toBe(200)
    expect(Object.fromEntries(pairs(page.headers))).toMatchObject({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': 'en',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Opener-Policy': 'same-origin',
    })
  })
  it('has its length in bytes', () => {
    const page = renderPage(content({ title: 'Été' }))
    expect(header(page, 'Content-Length')).toBe(String(Buffer.byteLength(page.body)))
  })
  it('has its language, its title as text, and no script', () => {
    const { body } = renderPage(content({ language: 'fr', installation: 'R & D' }))
    expect(body).toMatch(/^<!doctype html>\n<html lang="fr">/)
    expect(body).toContain('<title>A &lt;title&gt; – R &amp; D</title>')
    expect(body).not.toMatch(/<script|\son\w+=|\sstyle=/i)
  })
  it('leads to the other language where its address is known', () => {
    expect(renderPage(content({ address: '/octroi/connect/x' })).body).toContain('href="/octroi/connect/x?lang=fr"')
    expect(renderPage(content({ language: 'fr', address: '/c' })).body).toContain('href="/c?lang=en"')
    expect(renderPage(content()).body).not.toContain('?lang=')
  })
  it('lets its form end at other origins, each named once', () => {
    const formOrigins = ['https://a.example', 'http://b.example:81', 'https://a.example']
    expect(header(renderPage(content({ formOrigins })), 'Content-Security-Policy')).toContain(
      "; form-action 'self' https://a.example http://b.example:81; ",
    )
  })
  it.each([
    'https://a.example/path',
    'https://a.example; script-src *',
    'https://a.example *',
    '*',
    'javascript:',
    "'none'",
  ])('does not put %s into its policy', (origin) => {
    expect(() => renderPage(content({ formOrigins: [origin] }))).toThrow('given as an origin')
  })
  it('runs our own script where it names one, and says so in its policy', () => {
    const page = renderPage(content({ script: '/octroi/sign-in/passkey.js' }))
    expect(page.body).toContain('<script src="/octroi/sign-in/passkey.js" defer></script>')
    expect(header(page, 'Content-Security-Policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'sha256-/,
    )
    for (const script of ['//evil.example/x.js', 'https://evil.example/x.js', 'x.js', '/a b', '/a?b', '/\\evil'])
      expect(() => renderPage(content({ script }))).toThrow('a path of ours')
  })
  it('says when to try again', () => {
    expect(header(renderPage(content({ status: 429, retryAfterS: 30 })), 'Retry-After')).toBe('30')
    expect(renderPage(content()).headers).not.toContain('Retry-After')
  })
  it('leads on without script, to the web only', () => {
    const { body } = renderPage(content({ onward: 'https://a.example/?a=1&b="' }))
    expect(body).toContain('<meta http-equiv="refresh" content="0; url=https://a.example/?a=1&amp;b=%22">')
    for (const onward of ['javascript:alert(1)', '/path', '//evil.example'])
      expect(() => renderPage(content({ onward }))).toThrow('begins with https://')
  })
})

function pairs(list: readonly string[]): [string, string][] {
  return list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] as string] as [string, string]] : []))
}
