import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Client, Session } from '../../core/people_types.ts'
import { flowFor, isEnough, type Pending, wantedSubject, wantsOtherAcr } from './wishes.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString()
const client = { id: 'c', name: 'C', methods: [], mfa: false, openid: { max_age_s: 600 } } as unknown as Client
const session = (proved: number, created = proved) =>
  ({ method: 'password', amr: ['pwd'], auth_time: at(proved), created_at: at(created) }) as unknown as Session

function pending(
  params: Pending['params'] = {},
  reasons: readonly string[] = [],
  more: Partial<Pending['prompt']> = {},
): Pending {
  return { uid: 'u', iat: NOW / 1000, params, prompt: { name: 'login', reasons, details: {}, ...more } }
}

describe('the sign-in that an interaction needs', () => {
  it('leads back to it, with what the application wants', () => {
    const flow = flowFor(pending({ login_hint: 'marie' }), { ...client, mfa: true, methods: ['a'] })
    expect(flow).toMatchObject({
      towards: { kind: 'openid', client: 'c', interaction: 'u' },
      name: 'C',
      mfa: true,
      methods: ['a'],
      maxAgeS: 600,
      anew: false,
      another: false,
      loginHint: 'marie',
    })
  })
  it.each([
    [{}, null, null],
    [{ max_age: '90' }, null, 90],
    [{ max_age: '90' }, 600, 90],
    [{ max_age: '900' }, 600, 600],
    [{ max_age: 'soon' }, 600, 600],
  ])('the shorter age counts: %j, %s → %s', (params, max_age_s, expected) => {
    expect(flowFor(pending(params), { ...client, openid: { max_age_s } } as Client).maxAgeS).toBe(expected)
  })
  it('anew for prompt=login, by anybody for select_account; and no longer once it was met', () => {
    expect(flowFor(pending({ prompt: 'login' }, ['login_prompt']), client)).toMatchObject({
      anew: true,
      maxAgeS: 0,
      another: false,
    })
    expect(flowFor(pending({}, ['select_account_prompt'], { name: 'select_account' }), client)).toMatchObject({
      anew: true,
      another: true,
    })
    expect(flowFor(pending({ prompt: 'login' }, ['client_factor']), client)).toMatchObject({ anew: false })
  })
  it('a hint is no longer than the field', () => {
    expect(flowFor(pending({ login_hint: 'x'.repeat(5_000) }), client).loginHint).toHaveLength(320)
    expect(flowFor(pending({ login_hint: ['a', 'b'] }), client).loginHint).toBeUndefined()
  })
})

describe('whether a session is enough', () => {
  it.each([
    ['a young one', true, pending(), session(-300)],
    ['too old for the application', false, pending(), session(-700)],
    ['too old for the request', false, pending({ max_age: '60' }), session(-90)],
    ['of before, for prompt=login', false, pending({}, ['login_prompt']), session(-1)],
    ['of since, for prompt=login', true, pending({}, ['login_prompt']), session(2)],
    ['of since, however short the age', true, pending({ max_age: '1' }), session(2)],
    ['of since, by the clock of a provider that is behind', true, pending({ max_age: '1' }), session(-100, 2)],
  ])('%s: %s', (_, expected, asked, who) => {
    expect(isEnough(asked, client, who, NOW + 5_000)).toBe(expected)
  })
  it('of since, but without a second factor: no', () => {
    expect(isEnough(pending(), { ...client, mfa: true }, session(2), NOW + 5_000)).toBe(false)
  })
})

describe('who is wanted', () => {
  it('whom the hint names, only where the library says that he is missing', async () => {
    const id_token_hint = await new SignJWT({ sub: 'marie' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new Uint8Array(32))
    expect(wantedSubject(pending({}, ['id_token_hint'], { details: { id_token_hint } }))).toBe('marie')
    expect(wantedSubject(pending({}, ['no_session'], { details: { id_token_hint } }))).toBeUndefined()
    expect(wantedSubject(pending({}, ['claims_id_token_sub_value'], { details: { sub: { value: 'paul' } } }))).toBe(
      'paul',
    )
  })
  it('an authentication context that we cannot give', () => {
    expect(
      [['essential_acr'], ['essential_acrs'], ['max_age']].map((reasons) => wantsOtherAcr(pending({}, reasons))),
    ).toEqual([true, true, false])
  })
})
