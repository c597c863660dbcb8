import { describe, expect, it } from 'vitest'
import {
  basic,
  bearer,
  certificate,
  codeOf,
  entrance,
  GOOD,
  key,
  visit,
} from '../../test/support/stand_in_credentials.ts'
import type { OctroiError } from '../core/errors.ts'
import type { AcceptKind } from '../core/program_types.ts'

async function admitBy(mode: 'any' | 'all', kinds: AcceptKind[], raw: string[]) {
  const { entrance: made, refused } = entrance(true)
  const asked = visit(raw)
  try {
    const proofs = await made.admitBy(asked, 1, { mode, kinds })
    return { proofs: proofs.map(({ kind, admission: of }) => [kind, of]), refused: refused.length, asked }
  } catch (error) {
    return { code: codeOf(error), error, refused: refused.length, asked }
  }
}

it('no promise for a key that is known', () => {
  const proofs = entrance().entrance.admitBy(visit(key('K1')), 1, { mode: 'any', kinds: ['api_key', 'jwt'] })
  expect(proofs).toEqual([{ kind: 'api_key', admission: GOOD.key }])
})

describe('any of what a route accepts', () => {
  it.each<[AcceptKind[], string[], unknown]>([
    [['api_key'], key('K1'), [['api_key', GOOD.key]]],
    [['api_key'], basic('whoever:K1'), [['api_key', GOOD.key]]],
    [['basic'], basic('whoever:K1'), [['api_key', GOOD.key]]],
    [['api_key'], [...key('K1'), ...basic('till:right')], [['api_key', GOOD.key]]],
    [['jwt'], [...key('K1'), ...bearer('a.good.jwt')], [['jwt', GOOD.jwt]]],
    [['mtls'], [...key('nobody'), ...certificate('CN=till')], [['mtls', GOOD.mtls]]],
    [['session', 'basic'], basic('till:right'), [['basic', GOOD.basic]]],
    [['anonymous', 'api_key'], [], []],
    [['anonymous', 'api_key'], key('K1'), [['api_key', GOOD.key]]],
    [['anonymous'], key('nobody'), []],
    [['anonymous', 'jwt'], basic('application:own'), []],
  ])('%j takes %j', async (kinds, raw, expected) => {
    expect((await admitBy('any', kinds, raw)).proofs).toEqual(expected)
  })

  it.each<[AcceptKind[], string[], string]>([
    [['api_key'], [], 'unauthenticated'],
    [['api_key'], certificate('CN=till'), 'unauthenticated'],
    [['api_key'], basic('till:right'), 'unauthenticated'],
    [['api_key'], bearer('a.good.jwt'), 'unauthenticated'],
    [['jwt'], bearer('K1'), 'unauthenticated'],
    [['jwt'], key('a.good.jwt'), 'unauthenticated'],
    [['basic'], key('K1'), 'unauthenticated'],
    [['session'], key('K1'), 'unauthenticated'],
    [['anonymous', 'api_key'], key('nobody'), 'unauthenticated'],
    [['anonymous', 'api_key'], bearer('REVOKED'), 'key_revoked'],
    [['api_key', 'basic'], [...key('K1'), ...basic('till:right')], 'ambiguous_credentials'],
  ])('%j refuses %j: %s', async (kinds, raw, code) => {
    expect((await admitBy('any', kinds, raw)).code).toBe(code)
  })
})

describe('all of what a route accepts', () => {
  it.each<[AcceptKind[], string[], unknown[]]>([
    [
      ['api_key', 'basic'],
      [...key('K1'), ...basic('till:right')],
      [GOOD.key, GOOD.basic],
    ],
    [
      ['basic', 'api_key'],
      [...key('K1'), ...basic('till:right')],
      [GOOD.basic, GOOD.key],
    ],
    [
      ['api_key', 'jwt'],
      [...key('K1'), ...bearer('a.good.jwt')],
      [GOOD.key, GOOD.jwt],
    ],
    [
      ['api_key', 'mtls'],
      [...bearer('K1'), ...certificate('CN=till')],
      [GOOD.key, GOOD.mtls],
    ],
    [
      ['api_key', 'mtls'],
      [...basic('x:K1'), ...certificate('CN=till')],
      [GOOD.key, GOOD.mtls],
    ],
  ])('%j takes %j', async (kinds, raw, expected) => {
    const { proofs } = await admitBy('all', kinds, raw)
    expect(proofs).toEqual(kinds.map((kind, i) => [kind, expected[i]]))
  })

  it.each<[AcceptKind[], string[], AcceptKind[]]>([
    [['api_key', 'basic'], [], ['api_key', 'basic']],
    [['api_key', 'basic'], key('K1'), ['basic']],
    [['api_key', 'basic'], basic('till:right'), ['api_key']],
    [['api_key', 'basic'], basic('till:K1'), ['api_key']],
    [['api_key', 'jwt'], bearer('a.good.jwt'), ['api_key']],
    [['api_key', 'jwt'], bearer('K1'), ['api_key']],
    [['jwt', 'mtls'], certificate('CN=till'), ['jwt']],
    [['api_key', 'mtls'], key('K1'), ['mtls']],
  ])('401 %j with %j names %j as missing', async (kinds, raw, missing) => {
    const { code, error } = await admitBy('all', kinds, raw)
    expect(code).toBe('unauthenticated')
    expect((error as { kinds?: unknown }).kinds).toEqual(missing)
    for (const kind of missing) expect((error as OctroiError).detail).toContain(kind)
  })

  it.each<[AcceptKind[], string[], string]>([
    [['api_key', 'basic'], [...key('nobody'), ...basic('till:right')], 'unauthenticated'],
    [['api_key', 'basic'], [...key('K1'), ...basic('till:wrong')], 'unauthenticated'],
    [['api_key', 'basic'], [...key('K1'), ...basic('off:right')], 'unauthenticated'],
    [['api_key', 'basic'], [...key('REVOKED'), ...basic('till:right')], 'key_revoked'],
    [['api_key', 'jwt'], [...key('K1'), ...bearer('an.expired.jwt')], 'key_expired'],
    [['api_key', 'jwt'], [...key('K1'), ...bearer('K1')], 'unauthenticated'],
    [['api_key', 'mtls'], [...key('K1'), ...bearer('K2'), ...certificate('CN=till')], 'ambiguous_credentials'],
  ])('%j refuses %j: %s', async (kinds, raw, code) => {
    expect((await admitBy('all', kinds, raw)).code).toBe(code)
  })

  it('one key in two places is one proof', async () => {
    const { code } = await admitBy('all', ['api_key', 'basic'], [...key('K1'), ...basic('till:K1')])
    expect(code).toBe('unauthenticated')
    const { proofs } = await admitBy('all', ['api_key', 'basic'], [...key('K1'), ...basic('till:K2')])
    expect(proofs?.length).toBe(2)
  })

  it.each<[AcceptKind[], string[], string]>([
    [['api_key', 'basic'], [...key('nobody'), ...basic('till:limited')], 'rate_limited'],
    [['basic', 'api_key'], [...key('DOWN'), ...basic('till:limited')], 'store_unavailable'],
    [['api_key', 'jwt'], [...key('nobody'), ...bearer('a.down.jwt')], 'store_unavailable'],
    [['api_key', 'jwt'], [...key('DOWN'), ...bearer('a.bad.jwt')], 'store_unavailable'],
    [['api_key', 'jwt'], [...key('REVOKED'), ...bearer('a.down.jwt')], 'store_unavailable'],
  ])('the most authoritative refusal wins, in any order: %j with %j: %s', async (kinds, raw, code) => {
    expect((await admitBy('all', kinds, raw)).code).toBe(code)
    expect((await admitBy('all', kinds.toReversed(), raw)).code).toBe(code)
  })

  it('the guard hears once of a request, however much of it is wrong', async () => {
    const { refused } = await admitBy('all', ['api_key', 'basic'], [...key('nobody'), ...basic('till:wrong')])
    expect(refused).toBe(1)
  })

  it('what was found is on record though another proof is wrong', async () => {
    const { asked } = await admitBy('all', ['api_key', 'basic'], [...key('K1'), ...basic('till:wrong')])
    expect(asked.admission).toBe(GOOD.key)
  })
})
