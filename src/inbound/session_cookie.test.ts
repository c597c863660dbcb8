import { describe, expect, it } from 'vitest'
import { clearCookie, cookieIn, setCookie } from './cookies.ts'
import { readHead } from './request_head.ts'
import { cookiesOf, othersCookies, sessionCookie, visitCookie } from './session_cookie.ts'

const T = 't'.repeat(43)
const head = (...lines: string[]) => readHead(lines.flatMap((line) => ['Cookie', line]))
const SECURE = { host: null, isSecure: true }

describe('cookies', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['a=1', '1'],
    [' a = 1 ', '1'],
    ['b=2;a=1', '1'],
    ['b=2; \ta=1\t; c=3', '1'],
    ['a=1; a=1', undefined],
    ['a=1; a=2', undefined],
    ['A=1', undefined],
    ['ba=1', undefined],
    ['a=', undefined],
    ['a', undefined],
    ['a=1=2', undefined],
    ['a=\u00a01', undefined],
    ['b="a=1"', undefined],
  ])('of %j the one named a is %j', (header, value) => expect(cookieIn(header, 'a', /^1$/)).toBe(value))

  it('is set for this host alone, and taken back by the same words', () => {
    expect(setCookie('__Host-x', 'v', true)).toBe('__Host-x=v; Path=/; HttpOnly; SameSite=Lax; Secure')
    expect(setCookie('x', 'v', false, 60)).toBe('x=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60')
    expect(clearCookie('__Host-x', true)).toBe('__Host-x=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure')
  })
})

describe('of a request', () => {
  it('several lines are one', () => {
    expect(cookiesOf(head('a=1', 'b=2'))).toBe('a=1; b=2')
    expect(cookiesOf(readHead(['Host', 'a']))).toBeUndefined()
  })
  it('the session is a token, malformed, or missing', () => {
    expect(sessionCookie(head(`__Host-octroi_session=${T}`), SECURE)).toEqual({ token: T })
    expect(sessionCookie(head('a=1', `__Host-octroi_session=${T}`), SECURE)).toEqual({ token: T })
    expect(sessionCookie(head(`__Host-octroi_session=${T}`, `__Host-octroi_session=${T}`), SECURE)).toBe('malformed')
    expect(sessionCookie(head('__Host-octroi_session=x'), SECURE)).toBe('malformed')
    expect(sessionCookie(head(`octroi_session=${T}`), SECURE)).toBe('missing')
    expect(sessionCookie(readHead([]), SECURE)).toBe('missing')
  })
  it('the visit has a cookie of its own', () => {
    expect(visitCookie(head(`__Host-octroi_visit=${T}`), true)).toBe(T)
    expect(visitCookie(head(`octroi_visit=${T}`), false)).toBe(T)
    expect(visitCookie(head(`octroi_visit=${T}`), true)).toBeUndefined()
  })
  it.each([
    ['a=1; __Host-octroi_session=x; b=2', 'a=1; b=2'],
    ['OCTROI_x=1', ''],
    ['__secure-octroi_x=1;a=octroi_', 'a=octroi_'],
    ['xoctroi_a=1', 'xoctroi_a=1'],
    ['octroi_a', ''],
    ['; ;a=1;', 'a=1'],
  ])('of %j the application sees %j', (line, seen) => expect(othersCookies(head(line))).toBe(seen))
})
