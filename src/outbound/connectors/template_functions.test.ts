import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTemplate, TemplateScope } from './template.ts'
import { TEMPLATE_FUNCTIONS } from './template_functions.ts'
import { parseTemplate } from './template_parser.ts'

const ALLOWED = new Set(['settings.a', 'secrets.key', 'token.t'])
const VALUES = {
  settings: { a: 'A b' },
  secrets: { key: 'Jefe' },
  token: { t: 'what do ya want for nothing?' },
  moment: { now: Date.UTC(2026, 10, 21, 23, 30, 5), uuid: 'u-1', nonce: 'n-1' },
}

const rendered = (inside: string) =>
  compileTemplate(`<\${${inside}}>`, ALLOWED, { step: true }).render(VALUES)?.slice(1, -1)

describe('template functions', () => {
  it.each([
    ["base64(settings.a, ':', secrets.key)", 'QSBiOkplZmU='],
    ["base64url('??>')", 'Pz8-'],
    ["hex('é')", 'c3a9'],
    // FIPS 180 and RFC 1321 examples.
    ["md5('abc')", '900150983cd24fb0d6963f7d28e17f72'],
    ["sha1('abc')", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ["sha256('a', 'b', 'c')", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ["sha256_base64('abc')", 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='],
    // RFC 2202 §3 and RFC 4231 §4.3, test case 2.
    ['hmac_sha1(secrets.key, token.t)', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    ['hmac_sha256(secrets.key, token.t)', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    ["lower('ÀB')", 'àb'],
    ["upper( trim( ' x ' ) )", 'X'],
    ["url('a b!*/~')", 'a%20b%21%2A%2F~'],
    ["xml('<&\"\\'\\n')", '&lt;&amp;&quot;&apos;&#10;'],
    ["json('a\"\\\\\\n')", 'a\\"\\\\\\n'],
    ["concat(settings.a, '}', '${')", 'A b}${'],
    ["now('epoch_s')", '1795303805'],
    ["now('epoch_ms', '-1s')", '1795303804000'],
    ["now('iso')", '2026-11-21T23:30:05Z'],
    ["now('yyyyMMddHHmm', '+2d', 'Europe/Oslo')", '202611240030'],
    ['uuid()', 'u-1'],
    ['concat(nonce(), nonce())', 'n-1n-1'],
  ])('%s', (inside, expected) => {
    expect(rendered(inside)).toBe(expected)
  })

  it('is absent when an argument is, unless default() says what to take', () => {
    const absent = (text: string) => compileTemplate(text, ALLOWED).render({ settings: {} })
    expect(absent(`\${lower(settings.a)}`)).toBeUndefined()
    expect(absent(`\${default(settings.a, secrets.key, 'x')}`)).toBe('x')
    expect(absent(`\${upper(default(settings.a, 'x'))}`)).toBe('X')
  })

  it.each([
    ['lover(settings.a)', /lover\(\) is not a function here; known: base64, /],
    ['lower()', /lower\(\) takes at least 1 arguments, not 0/],
    ["uuid('x')", /uuid\(\) takes 0 arguments, not 1/],
    ['lower(settings.b)', /\$\{settings.b\} is not known here/],
    ['lower(settings.a', /needs ","/],
    ["lower('a)", /text that does not end/],
    ["lower('\\q')", /text that does not end/],
    ['lower(settings.a,)', /needs a 'text'/],
    ['lower(a.b)', /needs a 'text'/],
    ["lower('a') x", /needs "}"/],
    ["'a'", /is not \$\{settings.name\}/],
    ['now(settings.a)', /needs its format as a 'text'/],
    ["now('yyyy', settings.a)", /takes only 'texts'/],
    ["now('hours')", /hours is not a format of time/],
    ["now('iso', '2 days')", /is not an offset/],
    ["now('iso', '0s', 'Mars/Base')", /is not a time zone/],
    ['constructor(settings.a)', /is not a function/],
    [`${'lower('.repeat(40)}settings.a${')'.repeat(40)}`, /nested too deeply/],
  ])('refuses %s when it is loaded', (inside, message) => {
    expect(() => rendered(inside)).toThrow(message)
  })

  it('refuses now, uuid and nonce where no request of an exchange is written', () => {
    for (const name of ["now('iso')", 'uuid()', 'nonce()'])
      expect(() => compileTemplate(`\${${name}}`, ALLOWED)).toThrow(/is not a function here/)
  })

  it('encodes every value and nothing of the text around', () => {
    const template = compileTemplate(`<a>\${token.t}\${concat('<', settings.a)}</a>`, ALLOWED, {
      encode: (value) => `[${value}]`,
    })
    expect(template.render({ settings: { a: '1' }, token: { t: '2' } })).toBe('<a>[2][<1]</a>')
  })

  it('a reference in a function is a reference; a harmless function may send anything anywhere', () => {
    const scope = new TemplateScope([], ['key', 'plain'])
    scope.private(`\${base64(secrets.key)}`, 'header_value')
    scope.private(`\${lower(secrets.plain)} \${hex(secrets.plain)}`, 'header_value')
    expect([...(scope.places.get('secrets.key') ?? [])]).toEqual(['body'])
    expect([...(scope.places.get('secrets.plain') ?? [])]).toEqual(['header_value'])
    expect(() => scope.public(`\${base64(secrets.key)}`, 'url')).toThrow('is not known here')
  })

  it('any text is a template or refused with an Error, at once', () => {
    const piece = fc.constantFrom(
      ...Object.keys(TEMPLATE_FUNCTIONS),
      '${',
      '}',
      '(',
      ')',
      ',',
      "'",
      '\\',
      'settings.a',
      ' ',
    )
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 40 }),
        (parts) => {
          const text = parts.join('')
          try {
            expect(parseTemplate(text).length).toBeLessThanOrEqual(text.length + 1)
          } catch (error) {
            expect(error).toHaveProperty('message', expect.stringMatching(/is not/))
            expect(error).not.toBeInstanceOf(TypeError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('any text in quotes comes out as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const quoted = `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`
        expect(compileTemplate(`\${concat(${quoted})}`, ALLOWED).render({ settings: {} })).toBe(text)
      }),
    )
  })

  it('a value is never read as a template', () => {
    fc.assert(
      fc.property(fc.string(), (a) => {
        expect(compileTemplate(`\${concat(settings.a)}`, ALLOWED).render({ settings: { a } })).toBe(a)
      }),
    )
  })
})
