import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalisePath } from './path.ts'
import { methodMatches, parseRule, pathMatches, ruleCovers, splitPath } from './pattern.ts'

const allows = (rule: string, method: string, path: string) => {
  const parsed = parseRule(rule)
  return methodMatches(parsed, method) && pathMatches(parsed, splitPath(path))
}

describe('rules that cannot be read are refused', () => {
  it.each([
    '',
    'GET',
    '/a',
    'get /a',
    'GET a',
    'GET  /a',
    'GET /a b',
    'GET /a\n',
    ' GET /a',
    'GET /a ',
    'G3T /a',
    '** /a',
    'CONNECT /a',
    'TRACE /a',
    'GET //a',
    'GET /a//b',
    'GET /**/a',
    'GET /a**',
    'GET /***',
    'GET /a{n}',
    'GET /{n}b',
    'GET /{id}',
    'GET /{}',
    'GET /a/../b',
    'GET /%2e%2e',
    'GET /a%00',
    'GET /a%',
    'GET /a\\b',
    'GET /a?b=1',
    'GET /a#b',
    'GET /é',
    'GET /%25%32%65',
  ])('%j', (rule) => expect(() => parseRule(rule)).toThrow(Error))

  it('with a message that quotes the rule', () => {
    expect(() => parseRule('GET /a/**/b')).toThrow('"GET /a/**/b"')
  })
})

describe('paths', () => {
  it.each([
    ['GET /', '/', true],
    ['GET /', '/a', false],
    ['GET /public', '/public', true],
    ['GET /public', '/public/', true],
    ['GET /public/', '/public', true],
    ['GET /public', '/publicx', false],
    ['GET /public', '/public/x', false],
    ['GET /public', '/Public', false],
    ['GET /public', '/api/public', false],
    ['GET /pub/**', '/pub', true],
    ['GET /pub/**', '/pub/', true],
    ['GET /pub/**', '/pub/a/b/c', true],
    ['GET /pub/**', '/public', false],
    ['GET /**', '/', true],
    ['GET /**', '/a/b', true],
    ['GET /a/*', '/a/b', true],
    ['GET /a/*', '/a', false],
    ['GET /a/*', '/a/', false],
    ['GET /a/*', '/a/b/c', false],
    ['GET /a/*/c', '/a/b/c', true],
    ['GET /a/*/**', '/a/b', true],
    ['GET /a/*/**', '/a', false],
    ['GET /u/{n}', '/u/12', true],
    ['GET /u/{n}', '/u/12a', false],
    ['GET /u/{n}', '/u/-1', false],
    ['GET /u/{n}', '/u/%D9%A1', false],
    ['GET /u/{n}/x', '/u/0/x', true],
    ['GET /sql*', '/sql', true],
    ['GET /sql*', '/sqlx', true],
    ['GET /*.csv', '/a.csv', true],
    ['GET /*.csv', '/.csv', true],
    ['GET /*.csv', '/a.csvx', false],
    ['GET /a*b*c', '/abc', true],
    ['GET /a*b*c', '/a-b-b-c', true],
    ['GET /a*b*c', '/acb', false],
    ['GET /.*', '/.htaccess', true],
    ['GET /*..', '/a..', true],
    ['GET /ab*ba', '/aba', false],
    ['GET /%63af%c3%a9', '/caf%C3%A9', true],
  ])('%s at %s: %s', (rule, path, expected) => expect(allows(rule, 'GET', path)).toBe(expected))

  it.each([
    ['GET /files/*.pdf', '/files/secret.txt;.pdf'],
    ['GET /files/*.pdf', '/files/secret.txt%3B.pdf'],
    ['GET /files/*.pdf', '/files/secret.txt%3F.pdf'],
    ['GET /files/*.pdf', '/files/secret.txt%23.pdf'],
    ['GET /a*c', '/ab;c'],
    ['GET /a/*/public', '/a/secret%3F/public'],
    ['GET /a/*/public', '/a/secret%23/public'],
  ])('%s does not allow %s, which a server that cuts there reads as something shorter', (rule, path) => {
    expect(allows(rule, 'GET', normalisePath(path))).toBe(false)
  })

  it('allows parameters where the shorter reading is allowed as well, or the rule names them', () => {
    expect(allows('GET /a/*', 'GET', '/a/b;x')).toBe(true)
    expect(allows('GET /a/*.pdf', 'GET', '/a/b.pdf;v=1.pdf')).toBe(true)
    expect(allows('GET /a/*;v=1', 'GET', '/a/b;v=1')).toBe(true)
    expect(allows('GET /a;v=1', 'GET', '/a;v=1')).toBe(true)
    expect(allows('GET /a/*', 'GET', '/a/C%23')).toBe(true)
  })
})

describe('methods', () => {
  it.each([
    ['GET /a', 'GET', true],
    ['GET /a', 'HEAD', true],
    ['HEAD /a', 'GET', false],
    ['POST /a', 'HEAD', false],
    ['GET /a', 'OPTIONS', false],
    ['GET /a', 'get', false],
    ['GET /a', 'GETX', false],
    ['GET /a', '', false],
    ['* /a', 'DELETE', true],
    ['PROPFIND /a', 'PROPFIND', true],
  ])('%s with %s: %s', (rule, method, expected) => expect(allows(rule, method, '/a')).toBe(expected))
})

const word = fc.constantFrom('a', 'b', 'ab', 'ba', 'x;a', 'a%3Fb', 'a%23', '1', '12', 'a.b', 'a%3Ba')
const patternSegment = fc.oneof(word, fc.constantFrom('*', 'a*', '*b', 'a*b', '*a*', '{n}', '*;a', 'a*%3Fb', '*1*2*'))
const rule = fc
  .tuple(fc.constantFrom('GET', 'HEAD', 'POST', '*'), fc.array(patternSegment, { maxLength: 3 }), fc.boolean())
  .map(([method, segments, rest]) => `${method} /${[...segments, ...(rest ? ['**'] : [])].join('/')}`)
const pathSegment = fc.array(fc.constantFrom('a', 'b', '1', '2', ';', '%3F', '%23', '.', '%3B'), {
  minLength: 1,
  maxLength: 4,
})
const path = fc
  .array(
    fc.oneof(
      word,
      pathSegment.map((parts) => parts.join('')),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `/${parts.join('/')}`)

const METHODS = ['GET', 'HEAD', 'POST', 'PUT']

describe('properties', () => {
  it('a rule that covers another allows every request that the other allows', () => {
    let covered = 0
    fc.assert(
      fc.property(rule, rule, fc.array(path, { minLength: 4, maxLength: 8 }), (outer, inner, paths) => {
        if (!ruleCovers(parseRule(outer), parseRule(inner))) return
        covered++
        // The inner rule read as a path is the request that it most surely allows.
        const own = inner.slice(inner.indexOf('/')).replaceAll('/**', '').replaceAll('{n}', '12')
        for (const each of [...paths, own || '/', own.replaceAll('*', 'b'), own.replaceAll('*', '')]) {
          for (const method of METHODS)
            if (allows(inner, method, each)) expect(allows(outer, method, each), each).toBe(true)
        }
      }),
      { numRuns: 40_000 },
    )
    expect(covered).toBeGreaterThan(100)
  })

  it('a rule covers itself and whatever is a case of it', () => {
    fc.assert(fc.property(rule, (text) => ruleCovers(parseRule(text), parseRule(text))))
    for (const [outer, inner] of [
      ['* /**', 'GET /a/{n}/*'],
      ['GET /a/**', 'HEAD /a'],
      ['GET /a/*', 'GET /a/{n}'],
      ['GET /a/*', 'GET /a/b*'],
      ['GET /*/c', 'GET /a/c'],
    ] as const)
      expect(ruleCovers(parseRule(outer), parseRule(inner)), `${outer} ⊇ ${inner}`).toBe(true)
    for (const [outer, inner] of [
      ['GET /a/{n}', 'GET /a/*'],
      ['GET /a', 'GET /a/**'],
      ['GET /a', 'POST /a'],
      ['GET /a', '* /a'],
      ['HEAD /a', 'GET /a'],
      ['GET /a/b*', 'GET /a/*'],
      ['GET /a/b/**', 'GET /a/**'],
    ] as const)
      expect(ruleCovers(parseRule(outer), parseRule(inner)), `${outer} ⊉ ${inner}`).toBe(false)
  })

  it('a star matches what the regular expression of the pattern matches', () => {
    const piece = fc.stringMatching(/^[ab.+]{0,3}$/)
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 2, maxLength: 5 }),
        fc.stringMatching(/^[ab.+]{1,10}$/),
        (pieces, text) => {
          const pattern = pieces.join('*')
          fc.pre(!pattern.includes('**') && !/^\.+$/.test(text) && pieces.every((each) => !/^\.+$/.test(each)))
          const reference = new RegExp(`^${pieces.map((each) => each.replace(/[.+]/g, '\\$&')).join('.*')}$`)
          expect(allows(`GET /${pattern}`, 'GET', `/${text}`)).toBe(reference.test(text))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  it('a path of many repetitions against many stars is answered without backtracking', () => {
    const stars = `GET /${'*a'.repeat(2_000)}b`
    expect(allows(stars, 'GET', `/${'a'.repeat(200_000)}`)).toBe(false)
  })
})
