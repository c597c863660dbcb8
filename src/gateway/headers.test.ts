import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHead } from '../inbound/request_head.ts'
import { callerHeaders, upstreamHeaders, upstreamQuery } from './headers.ts'

const OWN = ['Octroi-Request-Id', 'id', 'Content-Security-Policy', 'sandbox', 'X-Content-Type-Options', 'nosniff']

const HOP =
  'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer upgrade http2-settings expect'
const SPEAKS_FOR =
  'forwarded x-rewrite-url x-real-ip x-http-method-override x-http-method x-method-override remote-user x-remote-user'
const CREDENTIALS = 'authorization api-key x-api-key cookie'
const PREFIXES = ['x-forwarded-', 'x-original-', 'octroi-', 'x-auth-request-']
const DROPPED = [...HOP.split(' '), ...SPEAKS_FOR.split(' '), ...CREDENTIALS.split(' ')]

const anyCase = (name: fc.Arbitrary<string>) =>
  fc
    .tuple(name, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }))
    .map(([text, upper]) => [...text].map((letter, i) => (upper[i % 30] ? letter.toUpperCase() : letter)).join(''))
const suffix = fc.string({ unit: fc.constantFrom(...'abcxyz-019'), maxLength: 12 })
const name = anyCase(
  fc.oneof(
    fc.constantFrom(...DROPPED, 'x-signed', 'x_signed', 'x.signed', 'x-named', 'accept', 'x-a', 'content-type'),
    fc.tuple(fc.constantFrom(...PREFIXES), suffix).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom('x', 'y', 'accept'), suffix).map((parts) => parts.join('')),
  ),
)
const signed = new Set(['x-signed'])

function outgoing(pairs: readonly (readonly [string, string])[], keepCookies = false): [string, string][] | undefined {
  let head: ReturnType<typeof readHead>
  try {
    head = readHead(pairs.flat())
  } catch {
    return undefined
  }
  const flat = upstreamHeaders({
    head,
    signed,
    signature: ['X-Signed', 'ours'],
    keepCookies,
    clientAddress: '192.0.2.1',
    clientProto: 'https',
  })
  const found: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) found.push([(flat[i] as string).toLowerCase(), flat[i + 1] as string])
  return found
}

describe('to the service', () => {
  it('property: nothing of what is dropped ever leaves; what is set is ours', () => {
    const pair = fc.tuple(name, fc.constantFrom('theirs', 'x-named, theirs', ''))
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 12 }), fc.boolean(), (pairs, keepCookies) => {
        const sent = outgoing(pairs, keepCookies)
        if (sent === undefined) return
        for (const [header, value] of sent) {
          const isOurs = value !== 'theirs' && value !== 'x-named, theirs' && value !== ''
          if (isOurs) continue
          expect(DROPPED.filter((dropped) => !(keepCookies && dropped === 'cookie'))).not.toContain(header)
          for (const prefix of PREFIXES) expect(header.startsWith(prefix)).toBe(false)
          expect(header.replace(/[^a-z0-9]/g, '-')).not.toBe('x-signed')
        }
        expect(sent.filter(([header]) => header === 'x-signed')).toEqual([['x-signed', 'ours']])
        expect(sent.filter(([header]) => header === 'x-forwarded-for')).toEqual([['x-forwarded-for', '192.0.2.1']])
        expect(sent.filter(([header]) => header === 'x-forwarded-proto')).toEqual([['x-forwarded-proto', 'https']])
      }),
      { numRuns: 2_000 },
    )
  })

  it('property: everything else passes, in order', () => {
    const plain = anyCase(fc.tuple(fc.constantFrom('a', 'b', 'accept-', 'y-'), suffix).map((parts) => parts.join('')))
    fc.assert(
      fc.property(fc.array(fc.tuple(plain, fc.string()), { maxLength: 12 }), (pairs) => {
        const kept = pairs.filter(([header]) => !DROPPED.includes(header.toLowerCase()))
        const wanted = kept.map(([header, value]) => [header.toLowerCase(), value])
        expect(outgoing(kept)?.slice(0, wanted.length)).toEqual(wanted)
      }),
    )
  })
})

describe('to the caller', () => {
  const raw = (pairs: readonly (readonly [string, string])[]) => pairs.flat().map((text) => Buffer.from(text, 'latin1'))

  it('property: our own headers stand first whatever the service sends; none of its Octroi-* passes', () => {
    const theirs = anyCase(
      fc.oneof(
        fc.constantFrom(
          'connection',
          'clear-site-data',
          'alt-svc',
          'strict-transport-security',
          'service-worker-allowed',
        ),
        fc.constantFrom('set-cookie', 'transfer-encoding', 'upgrade', 'trailer', 'x-content-type-options', 'etag'),
        suffix.map((text) => `octroi-${text}`),
      ),
    )
    const value = fc.constantFrom(
      'x',
      'octroi-request-id, content-security-policy',
      'x-content-type-options',
      'close',
      'etag',
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(theirs, value), { maxLength: 10 }), (pairs) => {
        const headers = callerHeaders(raw(pairs), OWN, false)
        expect(headers.slice(0, OWN.length)).toEqual(OWN)
        const names = headers.slice(OWN.length).filter((_, i) => i % 2 === 0)
        for (const header of names) expect(header).toMatch(/^(?:x-content-type-options|etag)$/i)
      }),
    )
  })

  it('bytes above ASCII pass as they came', () => {
    expect(callerHeaders([Buffer.from('X-A'), Buffer.from([0xe9])], [], false)).toEqual(['X-A', '\xe9'])
  })
})

describe('the query', () => {
  it.each([
    ['', '', ''],
    ['a=1&b=%32', '', '?a=1&b=%32'],
    ['a=1', 'key=s', '?a=1&key=s'],
    ['', 'key=s', '?key=s'],
    ['key=x', 'key=s', '?key=s'],
    ['KEY=x&k%65y=y&a=1', 'key=s', '?a=1&key=s'],
    ['a=1;key=x&b=2', 'key=s', '?b=2&key=s'],
    ['key[]=x&key%5B0%5D=y', 'key=s', '?key=s'],
    ['key%00=x&+key=x&key+=x', 'key=s', '?key=s'],
    ['keys=x&monkey=y&key2', 'key=s', '?keys=x&monkey=y&key2&key=s'],
    ['%zz=1&%ff=2', 'key=s', '?%zz=1&%ff=2&key=s'],
    ['&&=&', 'key=s', '?&&=&&key=s'],
  ])('%j signed with %j → %j', (query, signature, expected) => {
    expect(upstreamQuery(query, signature === '' ? new Set() : new Set(['key']), signature)).toBe(expected)
  })
})
