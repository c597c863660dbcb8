import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RedirectUri } from './redirect_uri.ts'

const isTaken = (uri: string) => RedirectUri.safeParse(uri).success

describe('T16 the address of an application', () => {
  it.each([
    'https://app.example.org',
    'https://app.example.org/',
    'https://app.example.org:8443/auth/callback?tenant=5&x=%2F',
    'https://xn--caf-dma.example.org/cb',
    'https://203.0.113.7/cb',
    'http://localhost:5173/auth/datapass/login',
    'http://127.0.0.1/cb',
    'http://[::1]:8000/cb',
  ])('is taken as it is written: %s', (uri) => expect(RedirectUri.parse(uri)).toBe(uri))

  it.each([
    '',
    '/cb',
    '//app.example.org/cb',
    'app.example.org/cb',
    'http://app.example.org/cb',
    'http://127.0.0.1.example.org/cb',
    'http://localhost.example.org/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'com.example.app:/cb',
    'HTTPS://app.example.org/cb',
    'https://App.example.org/cb',
    'https:app.example.org/cb',
    'https:///app.example.org/cb',
    'https:\\\\app.example.org/cb',
    'https://app.example.org\\@evil.example/cb',
    'https://ok@evil.example/cb',
    'https://user:pass@app.example.org/cb',
    'https://app.example.org/cb#fragment',
    'https://app.example.org/#',
    'https://*.example.org/cb',
    'https://app.example.org/*',
    'https://app.example.org/a/../b',
    'https://app.example.org/%2e%2E/b',
    'https://app.example.org/cb\r\nSet-Cookie: x=y',
    'https://app.example.org/c b',
    'https://app.example.org/café',
    'https://café.example.org/cb',
    'https://0x7f.1/cb',
    'https://2130706433/cb',
    'https://app.example.org:99999/cb',
    'https://app.example.org:/cb',
    ' https://app.example.org/cb',
    `https://app.example.org/${'x'.repeat(2_048)}`,
  ])('is refused: %j', (uri) => expect(isTaken(uri)).toBe(false))

  it('what is taken is read by browsers as it stands: same scheme, same host, nothing before it', () => {
    const part = fc.stringMatching(/^[a-z0-9@:/\\.#?%*[\] -]{0,20}$/)
    fc.assert(
      fc.property(fc.constantFrom('https://', 'http://', 'https:/', 'https:'), part, (scheme, rest) => {
        const uri = scheme + rest
        if (!isTaken(uri)) return
        const url = new URL(uri)
        expect(uri.startsWith(`${url.protocol}//${url.hostname}`)).toBe(true)
        expect([url.username, url.password, url.hash]).toEqual(['', '', ''])
        if (url.protocol === 'http:')
          expect(['localhost', '[::1]']).toContain(url.hostname.replace(/^127\..*/, 'localhost'))
      }),
      { numRuns: 3_000 },
    )
  })
})
