import { describe, expect, it } from 'vitest'
import type { Connection, Grant } from '../core/types.ts'
import { compileRights, expandAllow, grantAppliesTo, type RightsOfConnector } from './grants.ts'
import { normalisePath } from './path.ts'

const PAHEKO_NEVER = ['* /api/sql*', '* /api/sql*/**', '* /api/download*', '* /api/download*/**']
const CONNECTOR: RightsOfConnector = {
  grants: { 'accounting-read': ['GET /api/accounting/**'], members: ['GET /api/user/{n}', 'GET /api/user/category/*'] },
  never: PAHEKO_NEVER,
}
const CONNECTION = {
  id: 'paheko',
  connector: 'paheko',
  tags: { customer: '42' },
  options: {},
} as unknown as Connection

const rights = (allow: readonly string[], options: Connection['options'] = {}, connector = CONNECTOR) =>
  compileRights([{ connection: 'paheko', allow }], { ...CONNECTION, options }, connector)

describe('what applies', () => {
  it.each<[Grant, boolean]>([
    [{ connection: 'paheko', allow: [] }, true],
    [{ connection: 'other', allow: [] }, false],
    [{ connection: 'other', connector: 'paheko', allow: [] }, false],
    [{ connector: 'paheko', allow: [] }, true],
    [{ connector: 'paheko', tags: { customer: '42' }, allow: [] }, true],
    [{ connector: 'paheko', tags: { customer: '43' }, allow: [] }, false],
    [{ connector: 'paheko', tags: { customer: '42', more: '1' }, allow: [] }, false],
    [{ connector: 'paheko', tags: { constructor: 'x' }, allow: [] }, false],
    [{ connector: 'odoo', allow: [] }, false],
    [{ tags: { customer: '42' }, allow: [] }, false],
    [{ allow: ['* /**'] }, false],
  ])('%j: %s', (grant, expected) => expect(grantAppliesTo(grant, CONNECTION)).toBe(expected))

  it('names of the connector stand for their rules; a name that it does not have, or that every object has, grants nothing', () => {
    expect(expandAllow(['accounting-read', 'POST /x'], CONNECTOR)).toEqual(['GET /api/accounting/**', 'POST /x'])
    for (const name of ['gone', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(expandAllow([name], CONNECTOR)).toEqual([])
      expect(rights([name]).decide('GET', '/')).toBe('not_granted')
    }
  })
})

describe('decisions', () => {
  it('403 not_granted with no grant, another connection, or another rule', () => {
    expect(compileRights([], CONNECTION, CONNECTOR).decide('GET', '/')).toBe('not_granted')
    const elsewhere = compileRights([{ connection: 'other', allow: ['* /**'] }], CONNECTION, CONNECTOR)
    expect(elsewhere.decide('GET', '/')).toBe('not_granted')
    expect(rights(['GET /api/a']).decide('POST', '/api/a')).toBe('not_granted')
  })

  it('every shape of rule is found: exact, prefix and general', () => {
    const all = rights(['POST /api/a', 'GET /pub/**', 'GET /u/{n}', '* /any'])
    for (const [method, path] of [
      ['POST', '/api/a'],
      ['POST', '/api/a/'],
      ['GET', '/pub'],
      ['HEAD', '/pub/x/y'],
      ['GET', '/u/1'],
      ['HEAD', '/u/1'],
      ['DELETE', '/any'],
    ] as const)
      expect(all.decide(method, path), `${method} ${path}`).toBe('allowed')
    for (const [method, path] of [
      ['GET', '/api/a'],
      ['POST', '/api/ab'],
      ['GET', '/public'],
      ['POST', '/pub/x'],
      ['POST', '/u/1'],
      ['GET', '/u/1/2'],
      ['GET', '/'],
    ] as const)
      expect(all.decide(method, path), `${method} ${path}`).toBe('not_granted')
  })

  it.each(['get', 'delete', 'Delete', 'GET ', '', '*', 'GET /x', 'gET', 'M_SEARCH', 'Ｄ'])(
    '403 not_granted for the method %j, even where any method is granted',
    (method) => expect(rights(['* /**', 'GET /x']).decide(method, '/x')).toBe('not_granted'),
  )

  it('several grants add up, by connection and by tags', () => {
    const grants: Grant[] = [
      { connection: 'paheko', allow: ['GET /a'] },
      { connector: 'paheko', tags: { customer: '42' }, allow: ['members'] },
    ]
    const both = compileRights(grants, CONNECTION, CONNECTOR)
    expect([both.decide('GET', '/a'), both.decide('GET', '/api/user/7'), both.decide('GET', '/api/user/new')]).toEqual([
      'allowed',
      'allowed',
      'not_granted',
    ])
  })
})

describe('403 never_allowed, whatever is granted', () => {
  it.each([
    '/api/sql',
    '/api/sql/',
    '/api/SQL',
    '/api/Sql',
    '/api/sql;x',
    '/api/sql;x/y',
    '/api/s%71l',
    '/api/%53ql',
    '/api/sql.csv',
    '/api/sqlx/y',
    '/api/sql/x',
    '/API/sql',
    '/api;x/sql',
    '/api;x=1/sql;y',
    '/api/sql%20',
    '/api/sql%3Fa',
    '/api/sql%23',
    '/api/sql%3Bx',
    '/api/%C5%BFql',
    '/api/s%E2%80%8Bql',
    '/api/%EF%BD%93ql',
    '/api/download',
    '/api/DOWNLOAD/x',
    '/api/downl%C3%B6ad',
    '/api./sql',
    '/api%20/sql',
    '/api/downloads.',
  ])('%s', (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      expect(rights(['* /**']).decide(method, normalisePath(path))).toBe('never_allowed')
    }
  })

  it.each([
    [
      '* /secret',
      [
        '/secret.',
        '/secret%20',
        '/SECRET',
        '/secret;x',
        '/secret%3Fx',
        '/secret%23x',
        '/secret/',
        '/secr%C3%A9t',
        '/secret%3F/more',
      ],
    ],
    ['DELETE /x/*', ['/x/1', '/X/1;y', '/x/%31']],
    ['* /conf*.yml', ['/config.yml', '/CONF.YML', '/conf.yml;x', '/conf.yml.']],
    ['* /Caf%C3%A9/**', ['/caf%C3%A9', '/CAFE/x']],
  ])('%s holds for every plausible reading', (never, paths) => {
    const connector = { grants: {}, never: [never] }
    for (const path of paths) {
      expect(rights(['* /**'], {}, connector).decide('DELETE', normalisePath(path)), path).toBe('never_allowed')
    }
  })

  it('holds on both sides of an encoded slash', () => {
    const path = normalisePath('/api%2Fsql', { encodedSlash: true })
    expect(rights(['* /**']).decide('GET', path)).toBe('never_allowed')
    expect(rights(['* /**']).decide('GET', normalisePath('/api/sql%2Fx', { encodedSlash: true }))).toBe('never_allowed')
    expect(rights(['* /**']).decide('GET', normalisePath('/x/api%2Fsql', { encodedSlash: true }))).toBe('allowed')
  })

  it('holds for HEAD where GET is named', () => {
    expect(rights(['* /**'], {}, { grants: {}, never: ['GET /x'] }).decide('HEAD', '/x')).toBe('never_allowed')
  })

  it('leaves the neighbours alone', () => {
    for (const path of ['/api/user/sql', '/api/mysql', '/sql', '/api', '/api/dl', '/apis/sql']) {
      expect(rights(['* /**']).decide('GET', path), path).toBe('allowed')
    }
    expect(rights(['* /**'], {}, { grants: {}, never: ['* /config.*'] }).decide('GET', '/configuration')).toBe(
      'allowed',
    )
  })

  it('opens only the very rules that the connection lists', () => {
    const decide = (allow_never: readonly string[], path: string) =>
      rights(['* /**'], { allow_never }).decide('GET', path)
    expect(decide(['* /api/sql*', '* /api/sql*/**'], '/api/sql/x')).toBe('allowed')
    expect(decide(['* /api/sql*', '* /api/sql*/**'], '/api/download')).toBe('never_allowed')
    // Another rule still says never: each has to be opened by name.
    expect(decide(['* /api/sql*'], '/api/sql')).toBe('never_allowed')
    expect(decide(['* /api/**'], '/api/sql')).toBe('never_allowed')
  })

  it('is said only to those who are granted the path: others hear not_granted', () => {
    expect(rights(['GET /a']).decide('GET', '/api/sql')).toBe('not_granted')
  })
})
