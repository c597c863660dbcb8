import { describe, expect, it } from 'vitest'
import type { AuthenticationMethod } from '../core/people_types.ts'
import { bothNeeds, hasTwoFactors, missingNeeds } from './route_session.ts'

const NOW = Date.parse('2026-11-22T08:00:00Z')
const session = (amr: AuthenticationMethod[], secondsAgo = 0) => ({
  amr,
  auth_time: new Date(NOW - secondsAgo * 1000).toISOString(),
})

describe('two factors', () => {
  it.each<[AuthenticationMethod[], boolean]>([
    [[], false],
    [['pwd'], false],
    [['fed'], false],
    [['otp'], false],
    [['kba'], false],
    [['hwk'], false],
    [['user'], false],
    [['pwd', 'user'], false],
    [['pwd', 'fed'], false],
    [['otp', 'kba'], false],
    [['mfa'], true],
    [['pwd', 'otp'], true],
    [['fed', 'otp'], true],
    [['pwd', 'kba'], true],
    [['pwd', 'hwk'], true],
    [['swk', 'user'], true],
    [['hwk', 'user'], true],
  ])('%j: %s', (amr, are) => expect(hasTwoFactors(amr)).toBe(are))
})

describe('what a route asks for besides', () => {
  const strict = { mfa: true, max_age_s: 600 }
  it.each([
    [{ mfa: false, max_age_s: null }, session(['pwd'], 1e6), undefined],
    [strict, session(['pwd', 'otp']), undefined],
    [strict, session(['pwd', 'otp'], 600), undefined],
    [strict, session(['pwd', 'otp'], 601), { mfa: false, maxAgeS: 600 }],
    [strict, session(['pwd']), { mfa: true, maxAgeS: null }],
    [strict, session(['pwd'], 601), { mfa: true, maxAgeS: 600 }],
    // A clock that was set back makes no proof too old.
    [strict, session(['mfa'], -1_000), undefined],
  ])('%j of %j misses %j', (asked, given, missing) => expect(missingNeeds(asked, given, NOW)).toEqual(missing))

  it('of two the stricter', () => {
    expect(bothNeeds({ mfa: false, maxAgeS: 5 }, { mfa: true, maxAgeS: null })).toEqual({ mfa: true, maxAgeS: 5 })
    expect(bothNeeds({ mfa: false, maxAgeS: 5 }, { mfa: false, maxAgeS: 3 })).toEqual({ mfa: false, maxAgeS: 3 })
    expect(bothNeeds({ mfa: false, maxAgeS: null }, { mfa: false, maxAgeS: null })).toEqual({
      mfa: false,
      maxAgeS: null,
    })
  })
})
