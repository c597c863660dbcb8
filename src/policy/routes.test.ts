import { describe, expect, it } from 'vitest'
import type { Route } from '../core/program_types.ts'
import { canonicalRouteHost, canonicalRoutePath, routeAllows, routeConflict, routePathFault } from './routes.ts'

describe('canonicalRouteHost', () => {
  it.each([
    ['Shop.Example.ORG', 'shop.example.org'],
    ['shop.example.org.', 'shop.example.org'],
    ['*.Example.org', '*.example.org'],
    ['*', '*'],
    ['localhost', 'localhost'],
    ['my_app', 'my_app'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['192.168.1.7', '192.168.1.7'],
    ['[2001:DB8:0:0::1]', '[2001:db8::1]'],
  ])('%s is %s', (given, canonical) => {
    expect(canonicalRouteHost(given)).toBe(canonical)
    expect(canonicalRouteHost(canonical)).toBe(canonical)
  })
  it.each([
    '',
    '.',
    'a..b',
    '.a.b',
    'a.example:443',
    'https://a.example',
    'a.*.example',
    '**.example',
    '*.',
    '*.*',
    'a/b',
    'a b',
    'user@a.example',
    'a\\b',
    'a%2e.example',
    '*.7',
    '1.2.3',
    '*.10.0.0.1',
    '[::1',
    '[::g]',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
    '\u0000',
    'a\ud800.example',
  ])('%j is refused, and the message names it', (given) => {
    expect(() => canonicalRouteHost(given)).toThrow(`"${given}"`)
  })
})

describe('a path pattern', () => {
  it.each(['/', '/**', '/a/{n}/b*', '/a/', '/%7Ea', '/a;b/*'])('%s is one', (path) => {
    expect(routePathFault(path)).toBeUndefined()
  })
  it.each(['', 'a', '*', '**', '/a//b', '/a/**/b', '/a**', '/{x}', '/a/../b', '/a b', '/%zz', '/a?b', '/a#b', '/a\\b'])(
    '%j is none, and the message names it',
    (path) => expect(routePathFault(path)).toContain(`"${path}"`),
  )
  it.each([
    ['/a/', '/a'],
    ['/%61', '/a'],
    ['/%7e', '/~'],
    ['/%c3%a9', '/%C3%A9'],
    ['/', '/'],
    ['/a/**', '/a/**'],
    ['/a*b/{n}/', '/a*b/{n}'],
  ])('%s is the same as %s', (path, same) => expect(canonicalRoutePath(path)).toBe(same))
})

const route = (fields: Partial<Route>) => ({ host: 'a.example', path: '/x', methods: ['*'], ...fields }) as Route

describe('routeConflict', () => {
  it.each<[string, Partial<Route>, Partial<Route>]>([
    ['any method in both', {}, {}],
    ['another spelling of the path', { path: '/x/' }, { path: '/%78' }],
    ['a method in common', { methods: ['GET', 'POST'] }, { methods: ['POST', 'PUT'] }],
  ])('says so with %s', (_, a, b) => {
    expect([routeConflict(route(a), route(b)), routeConflict(route(b), route(a))]).toEqual([true, true])
  })
  it.each<[string, Partial<Route>, Partial<Route>]>([
    ['another host', {}, { host: '*.example' }],
    ['another path', {}, { path: '/x/**' }],
    ['other methods', { methods: ['GET'] }, { methods: ['POST'] }],
    ['named methods, and any: the named win', { methods: ['GET'] }, {}],
  ])('does not with %s', (_, a, b) => {
    expect([routeConflict(route(a), route(b)), routeConflict(route(b), route(a))]).toEqual([false, false])
  })
})

describe('routeAllows', () => {
  const nobody = { keys: [], accounts: [], groups: [], authenticated: false }
  const asker = { key_id: 'k1', account: 'till', groups: ['shop', 'night'] }
  const allows = (allow: Partial<Route['allow']>, who = asker) => routeAllows({ allow: { ...nobody, ...allow } }, who)

  it('nobody where it names nobody', () => expect(allows({})).toBe(false))
  it.each<[string, Partial<Route['allow']>]>([
    ['the key', { keys: ['k0', 'k1'] }],
    ['its account', { accounts: ['till'] }],
    ['one of the groups', { groups: ['day', 'night'] }],
    ['everybody who proved who he is', { authenticated: true }],
  ])('by %s', (_, allow) => expect(allows(allow)).toBe(true))
  it('no account by the keys of others, and no other names', () => {
    expect(allows({ keys: ['k2'], accounts: ['k1'], groups: ['till'] })).toBe(false)
    expect(routeAllows({ allow: { ...nobody, keys: ['null'] } }, { ...asker, key_id: null })).toBe(false)
  })
})
