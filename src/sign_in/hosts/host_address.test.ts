import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressText, fits, fitting, hostAddress, ownPath } from './host_address.ts'

const PUBLIC = 'https://octroi.example.org'

describe('hostAddress', () => {
  it.each([
    ['https://app.example.org/', { scheme: 'https', host: 'app.example.org', port: '', path: '/' }],
    ['https://app.example.org', { scheme: 'https', host: 'app.example.org', port: '', path: '/' }],
    ['HTTPS://App.Example.ORG/A?b=c', { scheme: 'https', host: 'app.example.org', port: '', path: '/A?b=c' }],
    ['https://app.example.org:443/x', { scheme: 'https', host: 'app.example.org', port: '', path: '/x' }],
    ['https://app.example.org./x', { scheme: 'https', host: 'app.example.org', port: '', path: '/x' }],
    ['https://app.example.org/a%2Fb//c;d?e=%5C&f=/../', expect.objectContaining({ path: '/a%2Fb//c;d?e=%5C&f=/../' })],
    ['http://app.localhost:8080/x', { scheme: 'http', host: 'app.localhost', port: ':8080', path: '/x' }],
    ['http://127.0.0.2/x', { scheme: 'http', host: '127.0.0.2', port: '', path: '/x' }],
    ['https://[2001:db8::1]/x', expect.objectContaining({ host: '[2001:db8::1]' })],
  ])('%s', (text, parts) => expect(hostAddress(text, PUBLIC)).toEqual(parts))

  it.each([
    ['plain HTTP that is not on loopback', 'http://app.example.org/'],
    ['our own host', `${PUBLIC}/account`],
    ['our own host at another port', `${PUBLIC}:8443/`],
    ['another port than the public URL’s', 'https://app.example.org:8443/'],
    ['a port that is none', 'https://app.example.org:99999/'],
    ['a fragment', 'https://app.example.org/#x'],
    ['a number that is an address', 'https://2130706433/'],
    ['an octal address', 'https://0177.0.0.1/'],
    ['an address in short', 'https://127.1/'],
    ['a wildcard', 'https://*.example.org/'],
  ])('is none: %s', (_, text) => expect(hostAddress(text, PUBLIC)).toBeUndefined())

  it('at the port of the public URL', () => {
    const address = hostAddress('https://app.example.org:8443/x', 'https://octroi.example.org:8443')
    expect(address).toMatchObject({ host: 'app.example.org', port: ':8443' })
    expect(hostAddress('https://app.example.org/x', 'https://octroi.example.org:8443')).toMatchObject({ port: '' })
  })

  it('T15: whatever is read is read by a browser as the same', () => {
    const piece = fc.constantFrom(
      ...[
        'https:',
        'http:',
        '/',
        '//',
        '\\',
        '@',
        ':',
        '.',
        '#',
        '?',
        '%2f',
        '%40',
        '%5c',
        '\t',
        '\n',
        ' ',
        '\0',
        '[',
        ']',
      ],
      ...[
        'app.example.org',
        'evil.example',
        'é',
        '。',
        '／',
        '：',
        '127.0.0.1',
        ';',
        '&',
        '443',
        'javascript:',
        'data:',
      ],
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), (pieces) => {
        const address = hostAddress(pieces.join(''), PUBLIC)
        if (address === undefined) return
        const url = new URL(addressText(address))
        expect([url.hostname, url.username, url.password, url.hash]).toEqual([address.host, '', '', ''])
        // As a browser reads what was given, it is the same place.
        expect(new URL(pieces.join('')).hostname.replace(/\.$/, '')).toBe(address.host)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('ownPath', () => {
  it.each(['/account', '/account/', '/account/sessions?x=1', '/console', '/console/keys?q=a/b'])('%s', (path) =>
    expect(ownPath(path)).toBe(path),
  )
  it.each([
    ...[
      '',
      'account',
      '/',
      '//account',
      '/\\account',
      '/accounts',
      '/account\\..',
      '/account/../proxy/x',
      '/account/%2e%2e/api',
    ],
    ...[
      '/proxy/x',
      '/api/v1/keys',
      '/sign-in',
      '/session/sign-out',
      '/account#x',
      '/account x',
      '/account\t',
      '/account\r\nX: y',
    ],
    ...['/é', '/account/é', '/./account', '/account/./x', `/account/${'x'.repeat(1_300)}`, ' /account', '/Account'],
  ])('is none: %j', (path) => expect(ownPath(path)).toBeUndefined())
})

it('an address that is too long is come back to without its query, or at the first page', () => {
  const at = (path: string) => fitting({ scheme: 'https', host: 'app.example.org', port: '', path }).path
  expect(at('/a?b')).toBe('/a?b')
  expect(at(`/a?${'b'.repeat(1_200)}`)).toBe('/a')
  expect(at(`/${'a'.repeat(1_200)}?b`)).toBe('/')
  expect(fits('x'.repeat(1_201))).toBe(false)
})
