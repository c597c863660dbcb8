import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resourceConflicts, resourceFault, scopeFault } from './client_openid_resources.ts'

const OURS = 'https://octroi.example.org/gate'
const conflicts = (...ids: string[]) =>
  resourceConflicts(
    'r',
    ids.map((id) => ({ id, scopes: [] })),
    OURS,
  )

describe('RFC 8707 §2 the id of an API', () => {
  it.each([
    'https://api.example.org',
    'https://api.example.org/',
    'https://api.example.org:8443/v1?tenant=5',
    'https://[2001:db8::1]/api',
    'urn:example:till',
    'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  ])('is taken: %s', (id) => expect(resourceFault(id)).toBeUndefined())
  it.each([
    ['', 'absolute'],
    ['/api', 'absolute'],
    ['api.example.org', 'absolute'],
    ['http://api.example.org', 'absolute'],
    ['https:api.example.org', 'absolute'],
    ['HTTPS://api.example.org', 'absolute'],
    ['https://API.example.org', 'small letters'],
    ['https://api.exAmple.org', 'small letters'],
    ['https://api.example.org:443/', '443'],
    ['https://api.example.org/#x', 'fragment'],
    ['urn:example:till#x', 'fragment'],
    ['https://u:p@api.example.org', 'password'],
    ['https://*.example.org', 'wildcards'],
    ['https://api.example.org/a b', 'spaces'],
    ['https://café.example.org', 'ASCII'],
    ['urn:x', 'absolute'],
    ['urn::x', 'absolute'],
    ['data:text/plain,x', 'absolute'],
    ['javascript:alert(1)', 'absolute'],
  ])('is refused: %j (%s)', (id, why) => expect(resourceFault(id)).toContain(why))

  it('what is taken is read by every parser as it stands: no user, no fragment, nothing made another', () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9@:/\\.#?%*[\] -]{0,20}$/)
    fc.assert(
      fc.property(fc.constantFrom('https://', 'http://', 'https:', 'urn:', 'urn:a1:', ''), part, (scheme, rest) => {
        const id = scheme + rest
        if (resourceFault(id) !== undefined) return
        const url = new URL(id)
        expect(['https:', 'urn:']).toContain(url.protocol)
        expect([url.username, url.password, url.hash]).toEqual(['', '', ''])
        if (url.protocol === 'https:') expect(id.startsWith(`https://${url.host}`)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('APIs together', () => {
  it.each([
    [['https://a.example.org', 'https://a.example.org/'], []],
    [['urn:example:a', 'urn:example:a'], ['r.1.id']],
    [[OURS], ['r.0.id']],
    [['https://octroi.example.org/oidc'], ['r.0.id']],
    [['https://octroi.example.org:8443/'], []],
  ])('%j', (ids, paths) => expect(conflicts(...ids).map(({ path }) => path)).toEqual(paths))
})

describe('RFC 6749 §3.3 a scope of an API', () => {
  it.each(['read', 'till:write', 'https://x/y'])('is taken: %s', (scope) => expect(scopeFault(scope)).toBeUndefined())
  it.each(['', 'a b', 'a"b', 'a\\b', 'é', 'openid', 'email', 'offline_access', 'x'.repeat(101)])(
    'is refused: %j',
    (scope) => expect(scopeFault(scope)).toBeTypeOf('string'),
  )
})
