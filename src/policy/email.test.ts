import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalEmail } from './email.ts'

describe('canonicalEmail', () => {
  const same: [string, string][] = [
    ['ada@example.org', 'ada@example.org'],
    [' Ada@Example.ORG ', 'ada@example.org'],
    ['ADA@EXAMPLE.ORG.', 'ada@example.org'],
    ['Joséphine@Example.org', 'josephine@example.org'],
    ['Jose\u0301phine@example.org', 'josephine@example.org'],
    ['ａｄａ@example.org', 'ada@example.org'],
    // The Kelvin sign, the long s, the dotless i: each has the capital of another letter.
    ['\u212Aate@example.org', 'kate@example.org'],
    ['gro\u017F@example.org', 'gros@example.org'],
    ['m\u0131ke@example.org', 'mike@example.org'],
    ['stra\u00DFe@example.org', 'strasse@example.org'],
    ['a+b.c@example.org', 'a+b.c@example.org'],
    ['ada@例え.jp', 'ada@xn--r8jz45g.jp'],
    ['ada@exämple.org', 'ada@xn--exmple-cua.org'],
    ['ada@EXÄMPLE.org', 'ada@xn--exmple-cua.org'],
    ['root@localhost', 'root@localhost'],
  ]
  it.each(same)('T30 %j is %j', (text, expected) => expect(canonicalEmail(text)).toBe(expected))

  const none = [
    '',
    'ada',
    '@example.org',
    'ada@',
    'a@b@evil.org',
    'a@b\uFF20evil.org',
    'ada\uFF20example.org',
    'ada\uFE6Bexample.org',
    'a da@example.org',
    'ada@exa mple.org',
    'ada\u200B@example.org',
    'ada\u0000@example.org',
    'ada@example.org\r\nBcc: eve@evil.org',
    '"a@b"@example.org',
    'ada@[127.0.0.1]',
    'ada@127.0.0.1',
    'ada@-example.org',
    'ada@example..org',
    'ada@.org',
    'ada,eve@example.org',
    '<ada@example.org>',
    `${'a'.repeat(65)}@example.org`,
    `${'a'.repeat(20)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.org`,
  ]
  it.each(none)('T30 %j is no address', (text) => expect(canonicalEmail(text)).toBeUndefined())

  it('T30 what comes out is one @, has no capitals and stays as it is', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(part, part, (local, domain) => {
        const once = canonicalEmail(`${local}@${domain}`)
        if (once === undefined) return
        expect(once.split('@')).toHaveLength(2)
        expect(once).toBe(once.toLowerCase())
        expect(canonicalEmail(once)).toBe(once)
      }),
    )
  })
})
