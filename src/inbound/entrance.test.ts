import { describe, expect, it } from 'vitest'
import {
  basic,
  bearer,
  certificate,
  codeOf,
  entrance,
  GOOD,
  key,
  limited,
  NOW,
  standIns,
  visit,
} from '../../test/support/stand_in_credentials.ts'
import { Entrance } from './entrance.ts'

describe.each([
  ['at once', false],
  ['by a promise', true],
])('one credential, found %s', (_, isLate) => {
  const admit = async (...raw: string[]) => {
    const asked = visit(raw)
    try {
      return await entrance(isLate).entrance.admit(asked, 1)
    } catch (error) {
      return codeOf(error)
    }
  }

  it.each<[string[], unknown]>([
    [key('K1'), GOOD.key],
    [bearer('K1'), GOOD.key],
    [bearer('a.good.jwt'), GOOD.jwt],
    [basic('till:right'), GOOD.basic],
    [basic('whoever:K1'), GOOD.key],
    [certificate('CN=till'), GOOD.mtls],
    [[...key('K1'), ...certificate('CN=till')], GOOD.key],
    [[...key('K1'), ...bearer('K1')], GOOD.key],
    [[...key('K1'), ...basic('till:K1')], GOOD.key],
    [[], 'unauthenticated'],
    [bearer('a.bad.jwt'), 'unauthenticated'],
    [bearer('neither'), 'unauthenticated'],
    [basic('till:wrong'), 'unauthenticated'],
    [basic('off:right'), 'unauthenticated'],
    [certificate('CN=nobody'), 'unauthenticated'],
    [certificate('(null)'), 'unauthenticated'],
    [[...key('nobody'), ...certificate('CN=till')], 'unauthenticated'],
    [bearer('REVOKED'), 'key_revoked'],
    [bearer('an.expired.jwt'), 'key_expired'],
    [bearer('a.down.jwt'), 'store_unavailable'],
    [key('LIMITED'), 'rate_limited'],
    [[...key('K1'), ...bearer('K2')], 'ambiguous_credentials'],
    [[...key('K1'), ...bearer('a.good.jwt')], 'ambiguous_credentials'],
    [[...key('K1'), ...basic('till:right')], 'ambiguous_credentials'],
    [[...certificate('CN=till'), ...certificate('CN=admin')], 'invalid_request'],
  ])('%j', async (raw, expected) => expect(await admit(...raw)).toBe(expected))
})

describe('one credential', () => {
  it('no promise for a key that is known', () => {
    expect(entrance().entrance.admit(visit(key('K1')), 1)).toBe(GOOD.key)
  })

  it('a certificate is read from trusted proxies only', async () => {
    const asked = visit(certificate('CN=till'), false)
    expect(() => entrance().entrance.admit(asked, 1)).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
    expect(entrance().entrance.admit(visit(certificate('CN=till')), 1)).toBe(GOOD.mtls)
  })

  it.each([
    [key('nobody'), 1],
    [basic('off:right'), 1],
    [bearer('a.bad.jwt'), 1],
    [bearer('REVOKED'), 0],
    [bearer('a.down.jwt'), 0],
    [[], 0],
    [key('K1'), 0],
  ])('the guard hears of what is wrong, or must look like it: %j: %i', async (raw, times) => {
    const { entrance: asked, refused } = entrance()
    await (async () => asked.admit(visit(raw), 1))().catch(() => undefined)
    expect(refused.length).toBe(times)
  })

  it('what the guard says instead is the answer', async () => {
    const asked = new Entrance({
      authenticators: standIns(false),
      guard: { refused: async () => limited },
      sessions: { look: () => 'unknown' },
      now: () => NOW,
    })
    await expect(asked.admit(visit(key('nobody')), 1)).rejects.toBe(limited)
  })

  it('a credential that was found is on record, also when it is refused', async () => {
    const asked = visit(bearer('REVOKED'))
    expect(() => entrance().entrance.admit(asked, 1)).toThrow()
    expect(asked.admission).toBe(GOOD.revoked)
  })
})
