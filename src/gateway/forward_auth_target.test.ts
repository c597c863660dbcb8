import { describe, expect, it } from 'vitest'
import { askedBy, isForwardAuth, requireKnown } from './forward_auth_target.ts'

describe('isForwardAuth', () => {
  it.each(['/forward-auth', '/forward-auth?for=nginx', '/forward-auth/', '/forward-auth/a?b', '/forward-auth?'])(
    '%s is',
    (target) => expect(isForwardAuth(target)).toBe(true),
  )
  it.each(['/forward-authx', '/forward-aut', '/', '/forward-auth%2f', '/forward-auth;a', '//forward-auth', ''])(
    '%j is not',
    (target) => expect(isForwardAuth(target)).toBe(false),
  )
})

describe('askedBy', () => {
  const plain = { nginx: false, unsigned: false, handsCookies: false, appended: null, fault: null }
  const envoy = { ...plain, handsCookies: true }
  it.each([
    ['/forward-auth', plain],
    ['/forward-auth?', plain],
    ['/forward-auth?for=nginx', { ...plain, nginx: true }],
    ['/forward-auth?for=caddy', plain],
    ['/forward-auth?x=1&for=nginx&assertion=none', { ...plain, nginx: true, unsigned: true }],
    ['/forward-auth/', { ...envoy, appended: '/' }],
    ['/forward-auth?for=traefik', { ...plain, handsCookies: true }],
    ['/forward-auth/a?for=nginx&assertion=none', { ...envoy, appended: '/a?for=nginx&assertion=none' }],
  ])('%s', (target, asked) => {
    expect(askedBy(target)).toEqual(asked)
    expect(askedBy(target)).toEqual(asked)
  })
  it.each(['for=', 'for=NGINX', 'for=iis', 'assertion', 'assertion=full'])('400 for ?%s', (query) => {
    expect(() => requireKnown(askedBy(`/forward-auth?${query}`))).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        detail: expect.stringContaining(query.split('=')[0] as string),
      }),
    )
  })
})
