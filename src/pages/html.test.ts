import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributes, type Content, html } from './html.ts'

/** What a browser reads where escaped text stands: the references that `html` writes, and no other. */
function read(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

/** Texts that would end what they stand in, more often than chance brings them. */
const TEXT = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', ';', '/', '!', '-', '=', ' ', '\n', '\0', 'a', '#', '`'),
  }),
  fc.constantFrom('</p><script>alert(1)</script>', '" onfocus="alert(1)', '&quot;', '&amp;lt;', '<!--', ']]>'),
)

describe('html', () => {
  it('a text between tags and in an attribute is read back as it was, whatever it is', () => {
    fc.assert(
      fc.property(TEXT, TEXT, (value, text) => {
        const [, inTag, between] =
          /^<p title="([^"]*)">([^<]*)<\/p>$/s.exec(String(html`<p title="${value}">${text}</p>`)) ?? []
        expect(read(inTag as string)).toBe(value)
        expect(read(between as string)).toBe(text)
        expect(`${inTag}${between}`).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/)
      }),
      { numRuns: 2000 },
    )
  })
  it('markup of ours goes in as it is, once escaped and never twice', () => {
    const list = ['<a>', 'b'].map((item) => html`<li>${item}</li>`)
    expect(String(html`<ul>${list}</ul>`)).toBe('<ul><li>&lt;a&gt;</li><li>b</li></ul>')
  })
  it('lists of lists are put one after the other; nothing is nothing, and 0 is a number', () => {
    expect(String(html`${['a', [1, [html`<br>`]], null]}${undefined}${false}${0}`)).toBe('a1<br>0')
  })
  it('attributes: true is the bare name, undefined and false are left out', () => {
    const own = attributes({ id: 'a"b', required: true, lang: undefined, checked: false, rows: 3 })
    expect(String(html`<textarea${own}></textarea>`)).toBe('<textarea id="a&quot;b" required rows="3"></textarea>')
  })
  it.each(['/path?a=1&b=2', '?lang=fr', '#field', 'https://example.org/?a=b', 'http://127.0.0.1:8700/x'])(
    '%s may be followed',
    (address) => {
      expect(String(html`<a href="${address}">x</a>`)).toBe(`<a href="${address.replaceAll('&', '&amp;')}">x</a>`)
    },
  )
  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    ' https://example.org',
    'https://',
    'evil.example',
    '',
  ])('%j may not be followed', (address) => {
    expect(() => html`<a href="${address}">x</a>`).toThrow('An address in a page begins with')
    expect(() => html`<form action="${address}"></form>`).toThrow('An address in a page begins with')
  })
})

describe('a slot where nothing is safe does not render', () => {
  const text = 'x'
  it.each<[string, () => unknown, string]>([
    ['in a script', () => html`<script>${text}</script>`, 'inside <script>'],
    ['in a style', () => html`<style>a{${text}}</style>`, 'inside <style>'],
    ['without quotes', () => html`<p title=${attributes({ id: text })}>`, 'without quotes'],
    ['as the name of a tag', () => html`<${text}>`, 'cannot be read'],
    ['in a comment', () => html`<!-- ${text} -->`, 'cannot be read'],
    ['in a handler', () => html`<p onclick="${text}">`, 'onclick is run'],
    ['in a handler in capitals', () => html`<p ONCLICK="${text}">`, 'onclick is run'],
    ['in a style attribute', () => html`<p style="color: ${text}">`, 'style is run'],
    ['twice in an address', () => html`<a href="${'/'}${'/evil.example'}">`, 'side by side'],
    ['in single quotes', () => html`<p title='${text}'>`, "with '"],
    ['between attributes, a text', () => html`<p ${text}>`, 'only what attributes() made'],
    ['between attributes, markup', () => html`<p ${html`<br>`}>`, 'only what attributes() made'],
    ['between tags, attributes', () => html`<p>${attributes({ id: text })}</p>`, 'do not stand between tags'],
    ['in an attribute, markup', () => html`<p title="${html`<br>`}">`, 'a string or a number'],
    ['in an attribute, a list', () => html`<p title="${[text]}">`, 'a string or a number'],
    ['an object that is no markup', () => html`${{ toString: () => '<script>' } as unknown as Content}`, 'cannot show'],
    ['a handler among attributes', () => attributes({ onfocus: text }), 'onfocus is run'],
    ['an address among attributes', () => attributes({ href: text }), 'holds an address'],
    ['a broken name among attributes', () => attributes({ 'a b': text }), 'not the name'],
  ])('%s', (_, render, message) => {
    expect(render).toThrow(message)
  })
  it('what follows a style is a text again', () => {
    expect(String(html`<style>a > b {}</style><p>${'<'}</p>`)).toBe('<style>a > b {}</style><p>&lt;</p>')
  })
})
