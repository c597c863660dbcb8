import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../core/types.ts'
import { compileRights } from './grants.ts'
import { normalisePath } from './path.ts'

/**
 * T10 of the attack list. Model servers read the path that we send, each in its own way; an independent matcher says what the rules
 * mean on that reading. Whatever is let through must be allowed, and not forbidden, in every reading.
 */

type Reading = (path: string) => string

const decodeOnce = (path: string) => decodeURIComponent(path)
const mergeSlashes = (path: string) => path.replace(/\/+/g, '/')
const dropParameters = (path: string) => path.replace(/;[^/]*/g, '')

/** RFC 3986 §5.2.4, as path.Clean of Go and most servers do it; what climbs above the root stays at the root. */
function resolveDots(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}

const READINGS: Record<string, Reading> = {
  'as it is, decoded': decodeOnce,
  nginx: (path) => resolveDots(mergeSlashes(decodeOnce(path))),
  'Caddy and Go': (path) => resolveDots(mergeSlashes(decodeOnce(path))),
  Traefik: (path) => decodeOnce(mergeSlashes(resolveDots(path))),
  Tomcat: (path) => resolveDots(mergeSlashes(decodeOnce(dropParameters(path)))),
  'decode, then drop parameters': (path) => resolveDots(mergeSlashes(dropParameters(decodeOnce(path)))),
  'IIS-like': (path) => resolveDots(mergeSlashes(decodeOnce(path).normalize('NFKC').replaceAll('\\', '/'))),
  'fold, then decode again': (path) => resolveDots(mergeSlashes(decodeAgain(decodeOnce(path).normalize('NFKC')))),
  'a second server behind, query': (path) => resolveDots(decodeOnce(path).replace(/\?.*$/s, '')),
  'a second server behind, fragment': (path) => resolveDots(decodeOnce(path).replace(/#.*$/s, '')),
  'C strings': (path) => resolveDots(decodeOnce(path).replace(/\0.*$/s, '')),
  'drops invisible characters': (path) =>
    resolveDots(mergeSlashes(decodeOnce(path).replace(/\p{Default_Ignorable_Code_Point}/gu, ''))),
}

function decodeAgain(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What a rule means, on decoded text: a regular expression written without a look at the code under test. */
function meaning(rule: string): RegExp {
  const path = decodeURIComponent(rule.slice(rule.indexOf('/'))).replace(/\/$/, '')
  const source = path
    .split('/')
    .slice(1)
    .map((segment) => {
      if (segment === '**') return '(?:/.*)?'
      if (segment === '{n}') return '/[0-9]+'
      return `/(?=[^/])${segment
        .split('*')
        .map((text) => text.replace(/[.+?^$(){}|[\]\\]/g, '\\$&'))
        .join('[^/]*')}`
    })
    .join('')
  return new RegExp(`^${source}/?$`, 'su')
}

const ALLOW = [
  'GET /public',
  'GET /pub/**',
  'GET /api/user/*',
  'GET /api/*/list',
  'GET /files/*.pdf',
  'GET /doc/{n}',
  'GET /a*b/c',
  'GET /caf%C3%A9/*',
]
const NEVER = ['* /pub/sql*', '* /pub/sql*/**', '* /api/user/admin', '* /pub/a/**', '* /files/secret.pdf']

const rights = (allow: readonly string[], never: readonly string[]) =>
  compileRights([{ connection: 'c', allow }], { id: 'c', options: {} } as Connection, { grants: {}, never })

/** Every encoder of the list, put anywhere into paths of plausible words. */
const ENCODERS = [
  '..',
  '.',
  '%2e',
  '%2e%2e',
  '%252e',
  '%252e%252e',
  '//',
  '/./',
  '/../',
  ';x',
  ';',
  '..;',
  '\\',
  '%5c',
  '..%5c',
  '%2f',
  '%2F..%2F',
  '#',
  '%23',
  '?',
  '%3F',
  '%00',
  '\t',
  '%09',
  '%20',
  '%c0%ae',
  '%c0%af',
  '%e0%80%af',
  '%E2%80%A5',
  '%EF%BC%8E',
  '%EF%BC%8E%EF%BC%8E',
  '%EF%BC%8F',
  '%EF%BC%BC',
  '%EF%BC%9B',
  '%EF%BC%85',
  '%3b',
  '%3B.pdf',
  '%EF%BC%9F',
  '%E2%80%8B',
  '%C2%AD',
  '%25',
  '%E2%84%AA',
  '%C5%BF',
  '%C4%B1',
]
const WORDS = [
  'public',
  'publicx',
  'pub',
  'sql',
  'SQL',
  's%71l',
  'api',
  'user',
  'admin',
  'ADMIN',
  'list',
  'files',
  'secret.pdf',
  'secret.txt',
  '.pdf',
  'doc',
  '12',
  'a',
  'b',
  'ab',
  'axb',
  'c',
  'caf%C3%A9',
  'x',
]
const path = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('/') },
      { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
      { weight: 2, arbitrary: fc.constantFrom(...ENCODERS) },
    ),
    {
      minLength: 1,
      maxLength: 9,
    },
  )
  .map((parts) => `/${parts.join('')}`)

function sentAs(text: string): string | undefined {
  try {
    return normalisePath(text)
  } catch {
    return undefined
  }
}

/** Runs the property and says how often something passed: a property that never lets anything through proves nothing. */
function forAllPassing(check: (sent: string) => boolean, least: number): void {
  let passed = 0
  fc.assert(
    fc.property(path, (text) => {
      const sent = sentAs(text)
      if (sent !== undefined && check(sent)) passed++
    }),
    { numRuns: 40_000 },
  )
  expect(passed).toBeGreaterThan(least)
}

describe('T10: no server reads more than was decided', () => {
  it.each(Object.keys(READINGS))('allow rules, as %s reads them', (server) => {
    const read = READINGS[server] as Reading
    const decided = rights(ALLOW, [])
    const meanings = ALLOW.map(meaning)
    forAllPassing((sent) => {
      if (decided.decide('GET', sent) !== 'allowed') return false
      const reading = read(sent)
      expect(
        meanings.some((each) => each.test(reading)),
        `${sent} is read as ${reading}`,
      ).toBe(true)
      return true
    }, 100)
  })

  it.each(Object.keys(READINGS))('never rules, as %s reads them, in any case', (server) => {
    const read = READINGS[server] as Reading
    const decided = rights(['* /**'], NEVER)
    const meanings = NEVER.map((rule) => new RegExp(meaning(rule).source, 'siu'))
    forAllPassing((sent) => {
      if (decided.decide('GET', sent) !== 'allowed') return false
      const reading = read(sent)
      expect(
        meanings.some((each) => each.test(reading)),
        `${sent} is read as ${reading}`,
      ).toBe(false)
      return true
    }, 1_000)
  })

  it('T12: what follows a question mark or a number sign is no path', () => {
    for (const text of ['/api?x=/public', '/admin#/public', '/admin?/public']) expect(sentAs(text)).toBeUndefined()
    expect(rights(['GET /public'], []).decide('GET', '/publicx')).toBe('not_granted')
  })

  it('the models themselves read attacks as they should', () => {
    const reads = (server: string, text: string) => (READINGS[server] as Reading)(text)
    expect(reads('nginx', '/a//b/%2e%2e/c')).toBe('/a/c')
    expect(reads('Tomcat', '/a/..;x/c')).toBe('/c')
    expect(reads('IIS-like', '/a%5c..%5cc')).toBe('/c')
    expect(reads('IIS-like', '/a/%EF%BC%8E%EF%BC%8E/c')).toBe('/c')
    expect(meaning('GET /pub/**').test('/pub')).toBe(true)
    expect(meaning('GET /files/*.pdf').test('/files/secret.txt')).toBe(false)
  })
})
