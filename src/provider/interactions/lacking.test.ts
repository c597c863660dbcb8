import { describe, expect, it } from 'vitest'
import type { Client, Session } from '../../core/people_types.ts'
import { provedSince } from './fresh.ts'
import { type Lacking, lacking } from './lacking.ts'

const NOW = Date.parse('2026-11-22T12:00:00.500Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()
const session = (more: Partial<Session> = {}) =>
  ({ method: 'password', amr: ['pwd'], auth_time: ago(100), ...more }) as Session
const client = (more: object = {}, max_age_s: number | null = null) =>
  ({ methods: [], mfa: false, openid: { max_age_s }, ...more }) as unknown as Client

describe('what a session is short of', () => {
  it.each<[string, Lacking | undefined, Session, Client]>([
    ['nothing', undefined, session(), client()],
    ['its method', 'method', session(), client({ methods: ['proconnect'], mfa: true }, 10)],
    ['nothing, by a method that is taken', undefined, session(), client({ methods: ['proconnect', 'password'] })],
    ['a fresh proof', 'age', session(), client({ mfa: true }, 99)],
    ['nothing, just in time', undefined, session(), client({}, 100)],
    ['a second factor', 'factor', session(), client({ mfa: true })],
    ['nothing, with a code', undefined, session({ amr: ['pwd', 'otp'] }), client({ mfa: true })],
    ['nothing, by who said mfa', undefined, session({ amr: ['fed', 'mfa'] }), client({ mfa: true })],
  ])('%s', (_, expected, who, where) => {
    expect(lacking(who, where, NOW)).toBe(expected)
  })
})

describe('proved since an interaction began', () => {
  const iat = Math.floor(NOW / 1000)
  it.each([
    ['after', true, ago(-10), ago(-10)],
    ['in the same second', true, ago(0), ago(0)],
    ['before', false, ago(10), ago(10)],
    ['after, by the clock of a provider that is behind', true, ago(-5), ago(100)],
    ['a session that was raised: an old proof', false, ago(-5), ago(130)],
    ['an old session, by a clock that is ahead', false, ago(10), ago(-50)],
  ])('%s: %s', (_, expected, created_at, auth_time) => {
    expect(provedSince({ id: 's', created_at, auth_time }, iat, 'before')).toBe(expected)
    expect(provedSince({ id: 's', created_at, auth_time }, iat, 's')).toBe(false)
  })
})
