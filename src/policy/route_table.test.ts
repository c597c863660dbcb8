import { describe, expect, it } from 'vitest'
import type { Route } from '../core/program_types.ts'
import { reasonsFor } from './route_reasons.ts'
import { RouteTable } from './route_table.ts'

/** `host path METHODS` → a route of that name. */
function route(text: string): Route {
  const [host = '', path = '', methods = '*'] = text.split(' ')
  return {
    id: text,
    host,
    path,
    methods: methods.split(','),
    accept: { mode: 'any', kinds: ['api_key'] },
  } as unknown as Route
}

const table = (...texts: string[]) => new RouteTable(texts.map(route))
const H = 'a.example'

describe('the most specific route wins', () => {
  it.each<[string, string[], string, string]>([
    ['a host over a wildcard', [`${H} /**`, '*.example /x'], `${H} GET /x`, `${H} /**`],
    ['a longer wildcard over a shorter', ['*.b.example /**', '*.example /x'], 'a.b.example GET /x', '*.b.example /**'],
    ['a wildcard over any host', ['* /x', '*.example /**'], `${H} GET /x`, '*.example /**'],
    ['what fits over what does not, whatever the host', [`${H} /y`, '* /x'], `${H} GET /x`, '* /x'],
    ['a literal over digits', ['* /{n}', '* /7'], `${H} GET /7`, '* /7'],
    ['digits over a glob', ['* /*', '* /{n}'], `${H} GET /7`, '* /{n}'],
    ['a glob over the rest', ['* /**', '* /*'], `${H} GET /x`, '* /*'],
    ['more literal text', ['* /a*', '* /abc*', '* /ab*'], `${H} GET /abcd`, '* /abc*'],
    ['the end over the rest', ['* /a/**', '* /a'], `${H} GET /a`, '* /a'],
    ['a longer beginning', ['* /a/**', '* /a/b/**', '* /**'], `${H} GET /a/b/c`, '* /a/b/**'],
    ['the first segment that differs', ['* /a/*/**', '* /*/b/c'], `${H} GET /a/b/c`, '* /a/*/**'],
    ['another way, where that one leads nowhere', ['* /a/x', '* /*/b'], `${H} GET /a/b`, '* /*/b'],
    ['a named method over any', ['* /x', '* /x GET'], `${H} GET /x`, '* /x GET'],
    ['any method for another', ['* /x', '* /x GET'], `${H} PUT /x`, '* /x'],
    ['GET for HEAD', ['* /x', '* /x GET'], `${H} HEAD /x`, '* /x GET'],
    ['HEAD itself before GET', ['* /x HEAD', '* /x GET'], `${H} HEAD /x`, '* /x HEAD'],
    ['a less specific path for a method that the other has not', ['* /x GET', '* /**'], `${H} PUT /x`, '* /**'],
    ['a slash at the end says nothing', ['* /x/', '* /**'], `${H} GET /x/`, '* /x/'],
    ['the rest may be empty', ['* /x/**'], `${H} GET /x`, '* /x/**'],
  ])('%s', (_, routes, request, winner) => {
    const [host = '', method = '', path = ''] = request.split(' ')
    expect(table(...routes).find(host, method, path)?.id).toBe(winner)
    expect(table(...routes.toReversed()).find(host, method, path)?.id).toBe(winner)
  })
  it.each([
    ['the bare name of a wildcard', '*.example /**', 'example GET /x'],
    ['a name that only ends alike', '*.example /**', 'badexample GET /x'],
    ['a path that only begins alike', '* /public/**', 'a GET /publicx'],
    ['another case of the path', '* /public', 'a GET /Public'],
    ['a method in small letters', '* /**', 'a get /x'],
    ['TRACE', '* /**', 'a TRACE /x'],
    ['CONNECT', '* /**', 'a CONNECT /x'],
    ['a longer path', '* /a/*', 'a GET /a/b/c'],
    ['an empty segment for a star', '* /a/*', 'a GET /a'],
  ])('nobody’s: %s', (_, text, request) => {
    const [host = '', method = '', path = ''] = request.split(' ')
    expect(table(text).find(host, method, path)).toBeUndefined()
  })
})

describe('what servers read into a path has to be allowed as well', () => {
  const others = (routes: string[], path: string, method = 'GET') => {
    const asked = table(...routes)
    const found = asked.find(H, method, path) as Route
    return asked.others(H, method, path, found).map(({ id }) => id)
  }
  it.each([
    ['one case', '/ADMIN/x'],
    ['parameters dropped', '/admin;x=1/y'],
    ['an escaped parameter', '/admin%3Bx/y'],
    ['an accent folded', '/%C3%A1dmin/y'],
    ['dots at the end of a name', '/admin./y'],
    ['a decoded question mark', '/admin%3F/y'],
  ])('%s: %s is the route for /admin too', (_, path) => {
    expect(others(['* /**', '* /admin/**'], path)).toEqual(['* /admin/**'])
  })
  it('a pattern in capitals is meant by small letters as well', () => {
    expect(others(['* /**', '* /Admin/**'], '/admin/x')).toEqual(['* /Admin/**'])
  })
  it('nothing where every reading has the same route', () => {
    expect(others(['* /**', '* /admin/**'], '/admin/X;y')).toEqual([])
    expect(others(['* /**'], '/ADMIN;x/%41')).toEqual([])
    expect(others(['* /**', '* /admin/**'], '/files/x')).toEqual([])
  })
  it('nothing where both spellings have a route: the service knows them apart', () => {
    expect(others(['* /Admin', '* /admin'], '/admin')).toEqual([])
    expect(others(['* /Admin', '* /admin'], '/Admin')).toEqual([])
  })
})

describe('takesSessions', () => {
  const people = (text: string): Route => ({ ...route(text), accept: { mode: 'any', kinds: ['session'] } })
  const hosts = new RouteTable([
    people('people.example /x'),
    route('keys.example /**'),
    people('*.apps.example /**'),
    people('* /**'),
  ])
  it.each([
    ['people.example', true],
    ['a.apps.example', true],
    ['a.b.apps.example', true],
    ['apps.example', false],
    ['keys.example', false],
    ['evil.example', false],
    ['x.people.example', false],
  ])('%s: %s', (host, takes) => expect(hosts.takesSessions(host)).toBe(takes))
})

describe('reasonsFor', () => {
  it('says of each route why it is the one or not, the nearest first', () => {
    const routes = ['b.example /x', `${H} /y`, `${H} /x POST`, `${H} /**`, `${H} /x GET`].map(route)
    const reasons = reasonsFor(routes, { host: H, method: 'GET', path: '/x' })
    expect(reasons.map(({ route, reason }) => [route, reason])).toEqual([
      [`${H} /x GET`, 'chosen'],
      [`${H} /**`, 'less_specific'],
      [`${H} /x POST`, 'other_method'],
      [`${H} /y`, 'other_path'],
      ['b.example /x', 'other_host'],
    ])
  })
})

describe('many routes', () => {
  it('a path with thousands of segments is decided at once, whatever the patterns', () => {
    const deep = table('* /*/*/*/*/*/*/x', '* /*a/*a/*a/*a/*a/*a/y', '* /**')
    expect(deep.find(H, 'GET', '/a'.repeat(10_000))?.id).toBe('* /**')
  })
})
