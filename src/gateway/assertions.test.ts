import { describe, expect, it } from 'vitest'
import type { SessionAdmission } from '../inbound/session_admissions.ts'
import { Assertions } from './assertions.ts'

const NOW = Date.parse('2026-11-22T08:00:00Z')
const HOST = 'app.example.org'

/** `ends`: seconds from now. */
function session(ends: number, more: object = {}, organization: object | null = null): SessionAdmission {
  const principal = {
    kind: 'person',
    proof: 'session',
    subject: 'ada',
    name: 'Ada',
    email: null,
    groups: [],
    key_id: null,
  }
  return {
    principal,
    session: { amr: ['pwd'], acr: null, auth_time: '2026-11-22T07:59:59.999Z', ...more },
    organization,
    endsAt: NOW + ends * 1000,
    compiled: new Map(),
  } as unknown as SessionAdmission
}

const assertions = new Assertions({ sign: (claims) => JSON.stringify(claims) }, 'https://octroi.example.org')
const claimsOf = (admission: SessionAdmission, at = NOW) => {
  const headers = assertions.headersFor(admission, HOST, at)
  return JSON.parse(headers[headers.indexOf('Octroi-Assertion') + 1] as string)
}

describe('the assertion of a session', () => {
  it('says how and when the person proved who he is; what there is not is left out', () => {
    const { jti, ...claims } = claimsOf(session(3_600))
    expect(claims).toEqual({
      ...{ iss: 'https://octroi.example.org', aud: HOST, sub: 'ada', iat: NOW / 1000, exp: NOW / 1000 + 60 },
      ...{ kind: 'person', name: 'Ada', groups: [], proof: 'session', amr: ['pwd'], auth_time: NOW / 1000 - 1 },
    })
    expect(jti).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('says what the provider said, and for whom he acts', () => {
    const organization = { id: 'paris', siret: null, label: 'Paris', groups: [] }
    expect(claimsOf(session(3_600, { acr: 'eidas1' }, organization))).toMatchObject({
      acr: 'eidas1',
      organization: { id: 'paris', siret: null },
    })
  })

  it('does not outlive its session, when it is made or when it is handed out again', () => {
    const short = session(20)
    expect(claimsOf(short).exp).toBe(NOW / 1000 + 20)
    const { jti } = claimsOf(short)
    expect(claimsOf(short, NOW + 19_000).jti).toBe(jti)
    expect(claimsOf(short, NOW + 20_000).jti).not.toBe(jti)
  })

  it('is no other session’s', () => {
    const [one, two] = [session(3_600), session(3_600, { amr: ['pwd', 'otp', 'mfa'] })]
    expect([claimsOf(one).amr, claimsOf(two).amr, claimsOf(one).amr]).toEqual([['pwd'], ['pwd', 'otp', 'mfa'], ['pwd']])
  })
})
