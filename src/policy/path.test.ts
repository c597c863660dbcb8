import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import { normalisePath, refusalForm } from './path.ts'

function refusal(path: string, encodedSlash = false): string | undefined {
  try {
    normalisePath(path, { encodedSlash })
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(OctroiError)
    expect((error as OctroiError).status).toBe(400)
    return (error as OctroiError).code
  }
}

describe('what passes, and how it is sent', () => {
  it.each([
    ['/', '/'],
    ['/api/user/12', '/api/user/12'],
    ['/api/user/', '/api/user/'],
    ["/a-b_c~d!$&'()*+,=:@.e", "/a-b_c~d!$&'()*+,=:@.e"],
    ['/%61%2D%2e%5F%7Ex', '/a-._~x'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/C%23', '/C%23'],
    ['/100%25', '/100%25'],
    ['/a;v=1/b', '/a;v=1/b'],
    ['/ledger:list/%3Efoo', '/ledger:list/%3Efoo'],
    ['/<a>|"`^{}', '/%3Ca%3E%7C%22%60%5E%7B%7D'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b/..c/d..', '/a..b/..c/d..'],
    ['/%E4%BC%9A%E8%A8%88', '/%E4%BC%9A%E8%A8%88'],
  ])('%s → %s', (path, sent) => expect(normalisePath(path)).toBe(sent))

  it('an encoded slash passes where the connector takes it as data, and nothing else does with it', () => {
    expect(normalisePath('/a%2fb/c%2F', { encodedSlash: true })).toBe('/a%2Fb/c%2F')
    for (const path of [
      '/a%2f..%2fb',
      '/%2e%2e%2fb',
      '/a%2F..;x%2Fb',
      '/a;x%2F..',
      '/a%2F%20..',
      '/a%5cb',
      '/a%2F%EF%BC%8Fb',
    ]) {
      expect(refusal(path, true), path).toBe('unsafe_path')
    }
  })
})

describe('400 unsafe_path for what servers read in different ways', () => {
  const REFUSED = {
    'no leading slash': ['', 'a', '*', 'http://a/b', '%2Fa', '\\a'],
    'dot segments': ['/.', '/..', '/a/./b', '/a/../b', '/a/..', '/...', '/a/..../b'],
    'encoded dot segments': ['/%2e', '/%2E%2e/a', '/a/.%2e', '/a/%2e./b'],
    'dot segments behind parameters': ['/..;/a', '/a/..;x=1/b', '/a/.;/b', '/..%3b/a', '/%2e%2e%3Bx/a'],
    'segments that are nothing but parameters': ['/a/;x/b', '/;/b', '/a/;x', '/a/%3Bx/b'],
    'dots and spaces that Windows drops': ['/a/..%20/b', '/a/%20/b', '/a/.%20./b', '/a/..%C2%A0/b'],
    'empty segments': ['//', '//a', '/a//b', '/a//', '///'],
    backslashes: ['/a\\b', '/a/..\\b', '/a%5cb', '/a%5C..%5Cb'],
    'encoded slashes': ['/a%2fb', '/a%2F..%2Fb', '/%2F'],
    'double encoding': ['/%252e%252e/a', '/a%252fb', '/%25%32%65', '/%2525'],
    'fragments and queries': ['/a#b', '/a?b', '/#', '/?'],
    'controls and spaces': [
      '/a b',
      '/a\tb',
      '/a\0b',
      '/a%00b',
      '/a%09',
      '/a%0d%0aX',
      '/a%7f',
      '/a%1F',
      '/a%C2%85b',
      '/a\nb',
    ],
    'bytes outside ASCII': ['/é', '/a／b', '/\u{1f600}', '/a\u0080'],
    'broken escapes': ['/%', '/%2', '/%zz', '/a%u002e'],
    'overlong and broken UTF-8': ['/%c0%ae%c0%ae/a', '/a%c0%afb', '/%e0%80%ae', '/%ff', '/%c3', '/%ed%a0%80'],
    'unicode that folds to dots': [
      '/%EF%BC%8E%EF%BC%8E/a',
      '/%E2%80%A5/a',
      '/%E2%80%A4%E2%80%A4/a',
      '/.%EF%BC%8E/a',
      '/%E2%80%A6',
    ],
    'dots among invisible characters': ['/.%E2%80%8B./a', '/%EF%BB%BF../a', '/%C2%AD/a'],
    'unicode that folds to delimiters': [
      '/a%EF%BC%8Fb',
      '/a%EF%BC%BCb',
      '/a%EF%BC%9Bx',
      '/a%EF%BC%9Fb',
      '/a%EF%BC%83b',
      '/%EF%BC%852e',
    ],
  }
  for (const [what, paths] of Object.entries(REFUSED)) {
    it.each(paths.map((path) => [path]))(`${what}: %j`, (path) => expect(refusal(path)).toBe('unsafe_path'))
  }
})

/** Text of the pieces that attacks are made of, and of plain ones. */
const attackPath = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '/',
        '/',
        'a',
        'api',
        'sql',
        'user',
        '.',
        '..',
        ';',
        ';x',
        '%2e',
        '%2E',
        '%252e',
        '%2f',
        '%5c',
        '\\',
      ),
      fc.constantFrom(
        '%3b',
        '%3F',
        '%23',
        '#',
        '?',
        '%00',
        '\t',
        '%09',
        '%20',
        '%c0%ae',
        '%EF%BC%8F',
        '%EF%BC%8E',
        '%E2%80%8B',
        '%',
      ),
      fc.constantFrom('%25', '%61', '%C3%A9', '%E2%84%AA', '*', '{', '12', '0', ':', '.pdf', '~', '%7E', 'A'),
      fc.string({ maxLength: 3 }),
      fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => `/${pieces.join('')}`)

const accepted = (path: string, encodedSlash: boolean) =>
  refusal(path, encodedSlash) === undefined ? normalisePath(path, { encodedSlash }) : undefined

describe('properties', () => {
  it('it is refused or normal: what was normalised is its own normal form', () => {
    fc.assert(
      fc.property(attackPath, fc.boolean(), (path, encodedSlash) => {
        const sent = accepted(path, encodedSlash)
        if (sent !== undefined) expect(accepted(sent, encodedSlash)).toBe(sent)
      }),
      { numRuns: 20_000 },
    )
  })

  it('what is sent is printable ASCII, and every reader of escapes reads the same text as was asked for', () => {
    fc.assert(
      fc.property(attackPath, (path) => {
        const sent = accepted(path, false)
        if (sent === undefined) return
        expect(sent).toMatch(/^\/[\x21-\x7e]*$/)
        expect(decodeURIComponent(sent)).toBe(decodeURIComponent(path))
      }),
      { numRuns: 20_000 },
    )
  })

  it('the reading of refusals exists for everything that passes, in lower case and without parameters', () => {
    fc.assert(
      fc.property(attackPath, fc.boolean(), (path, encodedSlash) => {
        const sent = accepted(path, encodedSlash)
        if (sent === undefined) return
        const form = refusalForm(sent)
        expect(form).toBe(form.toLowerCase())
        expect(form).not.toContain(';')
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('the reading of refusals', () => {
  it.each([
    ['/api/SQL', '/api/sql'],
    ['/api/sql;x=1/y;z', '/api/sql/y'],
    ['/api/s%C3%A9l', '/api/sel'],
    ['/adm%C4%B1n', '/admin'],
    ['/%E2%84%AAey', '/key'],
    ['/%C5%BFql', '/sql'],
    ['/s%E2%80%8Bql', '/sql'],
    ['/%EF%BC%B3QL', '/sql'],
    ['/sql%3Bx', '/sql'],
  ])('%s is read as %s', (path, form) => expect(refusalForm(normalisePath(path))).toBe(form))
})
