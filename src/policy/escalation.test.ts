import { describe, expect, it } from 'vitest'
import type { Connection, Grant } from '../core/types.ts'
import { type GrantContext, type Holdings, requireHoldings, type Writer } from './escalation.ts'

const context: GrantContext = {
  connection: (id) =>
    id === 'paheko' ? ({ id, connector: 'paheko', tags: { customer: '42' } } as unknown as Connection) : undefined,
  connector: (id) =>
    id === 'paheko' ? { grants: { read: ['GET /api/**'], post: ['POST /api/transaction'] }, never: [] } : undefined,
  routes: [],
}

const NOTHING: Holdings = { permissions: [], grants: [], groups: [], expires_at: null, cidrs: [] }
const WRITER: Writer = { ...NOTHING, key_id: 'aaaaaaaa', account: 'writer', proof: 'api_key' }

function allowed(caller: Partial<Holdings>, target: Partial<Holdings>): boolean {
  try {
    requireHoldings({ ...WRITER, ...caller }, { ...NOTHING, ...target }, context)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'not_granted' })
    return false
  }
}

const at = (connection: string, ...allow: string[]): Grant => ({ connection, allow })
const of = (connector: string, tags: Record<string, string> | undefined, ...allow: string[]): Grant => ({
  connector,
  tags,
  allow,
})

describe('D6: nobody gives or changes what they do not hold', () => {
  it('the administrator holds everything', () => {
    expect(allowed({ permissions: ['*'] }, { permissions: ['*'], grants: [at('anything', '* /**')] })).toBe(true)
  })

  it.each([
    [['keys.write'], ['keys.write'], true],
    [['keys.write'], ['keys.write', 'keys.read'], false],
    [['keys.write'], ['*'], false],
    [['keys.write'], [], true],
  ])('permissions %j → %j: %s', (held, wanted, expected) => {
    expect(allowed({ permissions: held }, { permissions: wanted })).toBe(expected)
  })

  it.each<[string, Grant[], Grant[], boolean]>([
    ['the same', [at('paheko', 'GET /a')], [at('paheko', 'GET /a')], true],
    ['less', [at('paheko', 'GET /a/**')], [at('paheko', 'GET /a/b', 'HEAD /a/{n}')], true],
    ['more', [at('paheko', 'GET /a/b')], [at('paheko', 'GET /a/**')], false],
    ['another method', [at('paheko', 'GET /**')], [at('paheko', 'POST /a')], false],
    ['another connection', [at('paheko', '* /**')], [at('other', 'GET /a')], false],
    [
      'two grants that together cover',
      [at('paheko', 'GET /a'), at('paheko', 'GET /b')],
      [at('paheko', 'GET /a', 'GET /b')],
      true,
    ],
    ['nothing allowed, as nothing can be done with it', [], [at('paheko')], true],
    ['a name by its rules', [at('paheko', '* /api/**')], [at('paheko', 'read', 'post')], true],
    ['rules by a name', [at('paheko', 'read')], [at('paheko', 'GET /api/x')], true],
    ['a name by less than its rules', [at('paheko', 'GET /api/x')], [at('paheko', 'read')], false],
    ['a name that does not exist yet', [at('paheko', '* /**')], [at('paheko', 'later')], false],
    ['a name that does not exist yet, by the same name', [at('paheko', 'later')], [at('paheko', 'later')], true],
    ['a name that every object has', [at('paheko', '* /**')], [at('paheko', 'constructor')], false],
    ['a connection by its tags', [of('paheko', { customer: '42' }, 'GET /**')], [at('paheko', 'GET /a')], true],
    ['a connection by other tags', [of('paheko', { customer: '43' }, 'GET /**')], [at('paheko', 'GET /a')], false],
    ['a connection that does not exist, by tags', [of('paheko', undefined, 'GET /**')], [at('gone', 'GET /a')], false],
    ['tags by one connection', [at('paheko', 'GET /**')], [of('paheko', { customer: '42' }, 'GET /a')], false],
    [
      'narrower tags',
      [of('paheko', { customer: '42' }, 'GET /**')],
      [of('paheko', { customer: '42', a: '1' }, 'GET /a')],
      true,
    ],
    [
      'wider tags',
      [of('paheko', { customer: '42', a: '1' }, 'GET /**')],
      [of('paheko', { customer: '42' }, 'GET /a')],
      false,
    ],
    ['every tag', [of('paheko', { customer: '42' }, 'GET /**')], [of('paheko', undefined, 'GET /a')], false],
    ['another connector', [of('paheko', undefined, '* /**')], [of('odoo', undefined, 'GET /a')], false],
  ])('%s', (_what, held, wanted, expected) => expect(allowed({ grants: held }, { grants: wanted })).toBe(expected))

  it('reading credentials is asked for apart', () => {
    const plain = at('paheko', '* /**')
    const reading = { ...plain, credentials: true }
    expect(allowed({ grants: [plain] }, { grants: [reading] })).toBe(false)
    expect(allowed({ grants: [plain], permissions: ['connections.read_credentials'] }, { grants: [reading] })).toBe(
      false,
    )
    expect(allowed({ grants: [reading] }, { grants: [reading] })).toBe(true)
    expect(allowed({ grants: [{ ...reading, connection: 'other' }, plain] }, { grants: [reading] })).toBe(false)
  })

  it('a key that ends makes none that ends later', () => {
    const caller = { expires_at: '2026-12-31T00:00:00.000Z' }
    expect(allowed(caller, {})).toBe(false)
    expect(allowed(caller, { expires_at: '2027-01-01T00:00:00.000Z' })).toBe(false)
    expect(allowed(caller, { expires_at: '2026-12-31T00:00:00.000Z' })).toBe(true)
    expect(allowed({}, { expires_at: '2026-12-31T00:00:00.000Z' })).toBe(true)
  })

  it.each([
    [['10.0.0.0/8'], [], false],
    [['10.0.0.0/8'], ['10.1.0.0/16'], true],
    [['10.0.0.0/8'], ['10.1.2.3'], true],
    [['10.0.0.0/8'], ['10.1.0.0/16', '192.168.0.1'], false],
    [['10.1.0.0/16'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8', '2001:db8::/32'], ['2001:db8:1::/48', '10.0.0.1'], true],
    [['0.0.0.0/0'], ['::/0'], false],
    [[], ['10.0.0.1'], true],
  ])('a key for addresses %j makes one for %j: %s', (own, wanted, expected) => {
    expect(allowed({ cidrs: own }, { cidrs: wanted })).toBe(expected)
  })

  it('says what is missing, and where', () => {
    expect(() => requireHoldings(WRITER, { ...NOTHING, grants: [at('paheko', 'GET /a')] }, context)).toThrow(
      'GET /a at paheko',
    )
  })
})
