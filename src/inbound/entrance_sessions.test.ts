import { describe, expect, it } from 'vitest'
import {
  basic,
  bearer,
  certificate,
  codeOf,
  entrance,
  GOOD,
  key,
  SESSION_HOST,
  SESSION_TOKEN,
  visit,
} from '../../test/support/stand_in_credentials.ts'
import type { AcceptKind } from '../core/program_types.ts'
import type { Visit } from './entrance.ts'
import type { SessionPlace } from './session_cookie.ts'

const cookie = (value: string, name = '__Host-octroi_session') => ['Cookie', `${name}=${value}`]
const session = cookie(SESSION_TOKEN)
const HERE: SessionPlace = { host: SESSION_HOST, isSecure: true }

function at(raw: readonly string[], place: SessionPlace | undefined = HERE): Visit {
  return { ...visit(raw), place }
}

async function admitBy(kinds: AcceptKind[], raw: readonly string[], place?: SessionPlace) {
  const { entrance: made, refused } = entrance(true)
  const asked = at(raw, place)
  try {
    const proofs = await made.admitBy(asked, 1, { mode: 'any', kinds })
    return { proofs: proofs.map(({ kind, admission: of }) => [kind, of]), refused: refused.length, asked }
  } catch (error) {
    return { code: codeOf(error), refused: refused.length, asked }
  }
}

const PERSON = [['session', GOOD.session]]

describe('a session among what a route accepts', () => {
  it.each<[AcceptKind[], readonly string[], unknown]>([
    [['session'], session, PERSON],
    [['session', 'api_key'], session, PERSON],
    [['anonymous', 'session'], session, PERSON],
    [['anonymous', 'session'], [], []],
    [['anonymous', 'session'], cookie('x'.repeat(43)), []],
    [['session', 'api_key'], [...session, ...key('K1')], [['api_key', GOOD.key]]],
    [['session', 'jwt'], [...session, ...bearer('a.good.jwt')], [['jwt', GOOD.jwt]]],
    [['session', 'basic'], [...session, ...basic('till:right')], [['basic', GOOD.basic]]],
    [['session', 'mtls'], [...session, ...certificate('CN=till')], [['mtls', GOOD.mtls]]],
    // What the route does not take is not looked at.
    [['session'], [...session, ...key('nobody')], PERSON],
    [['session', 'api_key'], [...session, ...certificate('CN=nobody')], PERSON],
  ])('%j takes %j', async (kinds, raw, proofs) => {
    expect((await admitBy(kinds, raw)).proofs).toEqual(proofs)
  })

  it.each<[AcceptKind[], readonly string[]]>([
    [['session'], []],
    [['session'], cookie('x'.repeat(43))],
    [
      ['session', 'api_key'],
      [...session, ...key('nobody')],
    ],
    [
      ['session', 'basic'],
      [...session, ...basic('till:wrong')],
    ],
    [['api_key'], session],
    [['session'], cookie(SESSION_TOKEN, 'octroi_session')],
    [['session'], [...session, ...cookie('x')]],
  ])('401: %j with %j', async (kinds, raw) => {
    expect((await admitBy(kinds, raw)).code).toBe('unauthenticated')
  })

  it('401 where no session would be good, or at another host', async () => {
    const { entrance: made } = entrance()
    expect(() => made.admitBy(visit(session), 1, { mode: 'any', kinds: ['session'] })).toThrow()
    expect((await admitBy(['session'], session, { host: 'other.example.org', isSecure: true })).code).toBe(
      'unauthenticated',
    )
    expect((await admitBy(['session'], session, { host: null, isSecure: true })).code).toBe('unauthenticated')
  })

  it('over plain HTTP on loopback the cookie has another name', async () => {
    const plain: SessionPlace = { host: SESSION_HOST, isSecure: false }
    expect((await admitBy(['session'], cookie(SESSION_TOKEN, 'octroi_session'), plain)).proofs).toEqual(PERSON)
    expect((await admitBy(['session'], session, plain)).code).toBe('unauthenticated')
  })

  it('no promise for a session that is known', () => {
    const proofs = entrance().entrance.admitBy(at(session), 1, { mode: 'any', kinds: ['session'] })
    expect(proofs).toEqual([{ kind: 'session', admission: GOOD.session }])
  })

  it('a cookie that is no good is none: nobody is slowed down for what his browser kept', async () => {
    expect((await admitBy(['session'], cookie('x'.repeat(43)))).refused).toBe(0)
  })

  it.each<[readonly string[], string]>([
    [session, 'live'],
    [cookie('x'.repeat(43)), 'unknown'],
    [cookie('x'), 'malformed'],
    [[...session, ...session], 'malformed'],
    [[], 'missing'],
    [['Cookie', 'a=1'], 'missing'],
  ])('what became of %j is on record: %s', async (raw, seen) => {
    expect((await admitBy(['session'], raw)).asked.session).toBe(seen)
  })

  it('it is not on record where none was looked for', async () => {
    expect((await admitBy(['session', 'api_key'], [...session, ...key('K1')])).asked.session).toBeUndefined()
    expect((await admitBy(['api_key'], session)).asked.session).toBeUndefined()
  })
})

describe('D1: one credential of a program', () => {
  it('a session is none', async () => {
    expect(() => entrance().entrance.admit(at(session), 1)).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    )
  })
})
