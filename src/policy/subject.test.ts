import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalSubject } from './subject.ts'

describe('subjects of certificates', () => {
  it.each([
    ['CN=till,O=Shop,C=FR', 'CN=till,O=Shop,C=FR'],
    ['/C=FR/O=Shop/CN=till', 'CN=till,O=Shop,C=FR'],
    ['cn = till , o=Shop;c=FR', 'CN=till,O=Shop,C=FR'],
    ['commonName=till,OID.2.5.4.10=Shop,2.5.4.6=FR', 'CN=till,O=Shop,C=FR'],
    ['CN="Shop, Inc.",C=FR', 'CN=Shop\\, Inc.,C=FR'],
    ['CN=Shop\\2C Inc.,C=FR', 'CN=Shop\\, Inc.,C=FR'],
    ['CN=caf\\C3\\A9', 'CN=café'],
    ['CN=café', 'CN=café'],
    ['/CN=caf\\xC3\\xA9', 'CN=café'],
    ['/O=a\\/b/CN=c\\+d', 'CN=c\\+d,O=a/b'],
    ['/O=a/b c/CN=d', 'CN=d,O=a/b c'],
    ['OU=b+CN=a,O=x', 'CN=a+OU=b,O=x'],
    ['CN=a + OU=b , O=x', 'CN=a+OU=b,O=x'],
    ['CN=\\ a\\ ', 'CN=\\ a\\ '],
    ['CN=\\ ', 'CN=\\ '],
    ['CN=\\#1', 'CN=\\#1'],
    ['1.2.3.4=#0C0161,CN=a', '1.2.3.4=#0c0161,CN=a'],
    ['emailAddress=a@b.example,CN=a', 'EMAILADDRESS=a@b.example,CN=a'],
    ['E=a@b.example', 'EMAILADDRESS=a@b.example'],
    ['CN=a=b', 'CN=a=b'],
    ['CN=a\\0Ab', 'CN=a\\0ab'],
  ])('%j → %j', (given, canonical) => expect(canonicalSubject(given)).toBe(canonical))

  it('parts in another order, other capitals in a value, one part more: other subjects', () => {
    const given = ['CN=till,O=Shop', 'O=Shop,CN=till', 'CN=Till,O=Shop', 'CN=till,CN=till,O=Shop', 'CN=till\\,O=Shop']
    expect(new Set(given.map(canonicalSubject)).size).toBe(given.length)
  })

  it.each([
    '',
    '/',
    'till',
    '=till',
    'CN=',
    'CN=a,',
    'CN=a,,O=b',
    'CN=a+',
    'CN="a',
    'CN="a"b',
    'CN=a"b',
    'CN=<a>',
    'CN=a\\',
    'CN=a\\z',
    'CN=\\FF',
    'CN=#zz',
    'CN=#0',
    'C N=a',
    '/CN',
    `CN=${'a'.repeat(2_100)}`,
  ])('refuses %j', (given) => expect(() => canonicalSubject(given)).toThrow(/^(is|a) /))

  const type = fc.constantFrom('CN', 'O', 'OU', 'C', 'UID', 'EMAILADDRESS', '1.2.3.4')
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text.isWellFormed())
  const escapedAll = (text: string) =>
    [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')

  it('every value survives: what is read from the canonical form is the canonical form', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(type, value), { minLength: 1, maxLength: 5 }), (parts) => {
        const canonical = canonicalSubject(parts.map(([name, text]) => `${name}=${escapedAll(text)}`).join(','))
        expect(canonicalSubject(canonical)).toBe(canonical)
        // The order is the given one: the types stand where they stood.
        const again = parts.map(([name, text]) => canonicalSubject(`${name}=${escapedAll(text)}`)).join(',')
        expect(canonical).toBe(again)
      }),
      { numRuns: 2_000 },
    )
  })

  it('two lists of values are two subjects', () => {
    const list = fc.array(fc.tuple(type, value), { minLength: 1, maxLength: 3 })
    const written = (parts: [string, string][]) =>
      canonicalSubject(parts.map(([name, text]) => `${name}=${escapedAll(text)}`).join(','))
    fc.assert(
      fc.property(list, list, (one, other) => {
        expect(written(one) === written(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 2_000 },
    )
  })

  it('any text has a canonical form, or is refused in words', () => {
    const sign = fc.constantFrom(...'CNO=,+;/\\"#< >a0é1.2')
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: sign, maxLength: 30 }), fc.string({ unit: 'binary' })), (text) => {
        let canonical: string
        try {
          canonical = canonicalSubject(text)
        } catch (error) {
          expect((error as Error).message).toMatch(/^is /)
          return
        }
        expect(canonicalSubject(canonical)).toBe(canonical)
      }),
      { numRuns: 10_000 },
    )
  })
})
