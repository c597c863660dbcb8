import { describe, expect, it } from 'vitest'
import type { AcceptKind, Route } from '../core/program_types.ts'
import { type Holdings, requireHoldings, type Visitor, type Writer } from './escalation.ts'

/** D6 at routes: nobody makes somebody who gets further than he does himself. */

const NOTHING: Holdings = { permissions: [], grants: [], groups: [], expires_at: null, cidrs: [] }
const WRITER: Writer = { ...NOTHING, key_id: 'writer00', account: 'writer', proof: 'api_key' }

const NOBODY = { keys: [], accounts: [], groups: [], authenticated: false }
const route = (allow: Partial<Route['allow']>, kinds: AcceptKind[] = ['api_key'], mode: 'any' | 'all' = 'any') =>
  ({ id: 'shop', accept: { mode, kinds }, allow: { ...NOBODY, ...allow } }) as unknown as Route

const KEY: Visitor = { key_id: 'target00', account: 'till', groups: [], proofs: ['api_key'], possible: ['api_key'] }
const POSSIBLE: AcceptKind[] = ['api_key', 'basic', 'jwt', 'mtls', 'session']
const ACCOUNT: Visitor = { key_id: null, account: 'till', groups: [], proofs: ['jwt', 'basic'], possible: POSSIBLE }

function outcome(caller: Partial<Writer>, target: Partial<Holdings>, ...routes: Route[]): string {
  const context = { connection: () => undefined, connector: () => undefined, routes }
  try {
    requireHoldings({ ...WRITER, ...caller }, { ...NOTHING, ...target }, context)
    return 'allowed'
  } catch (error) {
    expect(error).toMatchObject({ code: 'not_granted' })
    return (error as { detail: string }).detail
  }
}

const BOTH: AcceptKind[] = ['api_key', 'basic']

describe('a key or an account that a route lets through', () => {
  it.each<[string, Partial<Writer>, Visitor, Route, boolean]>([
    ['by its account', {}, KEY, route({ accounts: ['till'] }), false],
    ['by its account, the caller’s too', { account: 'till' }, KEY, route({ accounts: ['till'] }), true],
    ['by its id', {}, KEY, route({ keys: ['target00'] }), false],
    ['by its id, the caller by his', {}, KEY, route({ keys: ['target00', 'writer00'] }), true],
    ['by a group', {}, { ...KEY, groups: ['shops'] }, route({ groups: ['shops'] }), false],
    [
      'by a group, the caller too',
      { groups: ['shops'] },
      { ...KEY, groups: ['shops'] },
      route({ groups: ['shops'] }),
      true,
    ],
    ['like everybody', {}, KEY, route({ authenticated: true }), true],
    ['like nobody', {}, KEY, route({}), true],
    ['of another account', {}, KEY, route({ accounts: ['other'] }), true],
    ['by a proof that a key is not', {}, KEY, route({ accounts: ['till'] }, ['jwt']), true],
    [
      'by a proof that the caller has not',
      { account: 'till' },
      ACCOUNT,
      route({ accounts: ['till'] }, ['basic']),
      false,
    ],
    ['by one of several proofs', { account: 'till' }, ACCOUNT, route({ accounts: ['till'] }, BOTH), true],
    ['by all of several proofs', { account: 'till' }, ACCOUNT, route({ accounts: ['till'] }, BOTH, 'all'), false],
    ['by the caller’s half of them', { account: 'till' }, KEY, route({ accounts: ['till'] }, BOTH, 'all'), true],
    [
      'by a half that neither has',
      { account: 'till' },
      ACCOUNT,
      route({ accounts: ['till'] }, ['api_key', 'mtls'], 'all'),
      true,
    ],
    ['by a proof that it has not yet, by its name', {}, ACCOUNT, route({ accounts: ['till'] }, ['mtls']), false],
    ['by a proof that it has not yet, like everybody', {}, ACCOUNT, route({ authenticated: true }, ['mtls']), true],
    ['by a proof that only it has, like everybody', {}, ACCOUNT, route({ authenticated: true }, ['basic']), false],
    ['as anybody would be', {}, KEY, route({}, ['anonymous']), true],
  ])('%s', (_, caller, visitor, one, expected) => {
    const said = outcome(caller, { visitor }, route({}), one)
    expect(said).toContain(expected ? 'allowed' : 'what the route shop lets through')
  })
  it('the administrator passes whatever the routes say', () => {
    expect(outcome({ permissions: ['*'] }, { visitor: KEY, groups: ['x'] }, route({ keys: ['target00'] }))).toBe(
      'allowed',
    )
  })
})

describe('a group', () => {
  it.each<[string[], string[], boolean]>([
    [[], ['shops'], false],
    [['shops'], ['shops'], true],
    [['shops'], ['shops', 'tills'], false],
    [['shops', 'tills'], ['tills'], true],
    [['shops'], [], true],
  ])('whoever is in %j puts somebody in %j: %s', (own, wanted, expected) => {
    expect(outcome({ groups: own }, { groups: wanted }) === 'allowed').toBe(expected)
  })
  it('says which one is missing', () => {
    expect(outcome({ groups: ['a'] }, { groups: ['a', 'b'] })).toContain('the group b')
  })
})
