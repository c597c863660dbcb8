import { createHash, generateKeyPairSync, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutgoingRequest } from '../../scheme.ts'
import { pairsOf } from '../signatures/canonical.ts'
import { baseString, type OAuth1Signing, oauth1Header } from './oauth1_signature.ts'

/** The requests of RFC 5849 §1.2 and §3.4.1, and of the specification before it (OAuth Core 1.0, appendix A.5). */

const PHOTOS: OutgoingRequest = {
  method: 'GET',
  origin: 'http://photos.example.net',
  path: '/photos',
  query: 'file=vacation.jpg&size=original',
  headers: [],
  body: null,
  params: {},
  now: 137131202_000,
}
const CONSUMER = { consumerKey: 'dpf43f3p2l4k3l03', consumerSecret: 'kd94hf93k423kf44' }
const TOKEN = { ...CONSUMER, token: 'nnch734d00sl2jdk', tokenSecret: 'pfkkdhi9sl3r4s00' }
const SIGNING: OAuth1Signing = {
  method: 'HMAC-SHA1',
  realm: 'Photos',
  version: false,
  signForm: true,
  bodyHash: false,
}

function fields(header: string): Record<string, string> {
  return Object.fromEntries([...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
}
function signature(request: Partial<OutgoingRequest>, signing: Partial<OAuth1Signing> = {}, nonce = 'n'): string {
  const header = oauth1Header({ ...PHOTOS, ...request }, TOKEN, { ...SIGNING, ...signing }, nonce)
  return decodeURIComponent(fields(header).oauth_signature as string)
}

describe('RFC 5849', () => {
  it('§1.2: a request token', () => {
    const request = { ...PHOTOS, method: 'POST', origin: 'https://photos.example.net', path: '/initiate', query: '' }
    const more = { oauth_callback: 'http://printer.example.com/ready' }
    expect(oauth1Header({ ...request, now: 137131200_000 }, CONSUMER, SIGNING, 'wIjqoS', more)).toBe(
      'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_signature_method="HMAC-SHA1", ' +
        'oauth_timestamp="137131200", oauth_nonce="wIjqoS", oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready", ' +
        'oauth_signature="74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D"',
    )
  })

  it('§1.2: the access token', () => {
    const request = { ...PHOTOS, method: 'POST', origin: 'https://photos.example.net', path: '/token', query: '' }
    const temporary = { ...CONSUMER, token: 'hh5s93j4hdidpola', tokenSecret: 'hdhd0244k9j7ao03' }
    const more = { oauth_verifier: 'hfdp7dh39dks9884' }
    const header = oauth1Header({ ...request, now: 137131201_000 }, temporary, SIGNING, 'walatlh', more)
    expect(fields(header).oauth_signature).toBe('gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D')
  })

  it('§1.2: a photo', () => {
    expect(signature({}, {}, 'chapoH')).toBe('MdpQcU8iPSUjWoN/UDMsK2sui9I=')
  })

  it('§3.4.1.1: the base string of a request with a query and a form', () => {
    const own = 'oauth_consumer_key=9djdj82h48djs9d2&oauth_token=kkk9d7dh3k39sjv7&oauth_signature_method=HMAC-SHA1'
    const pairs = [
      ...pairsOf('b5=%3D%253D&a3=a&c%40=&a2=r%20b'),
      ...pairsOf('c2&a3=2+q'),
      ...pairsOf(`${own}&oauth_timestamp=137131201&oauth_nonce=7d8f3e4a`),
    ]
    expect(baseString({ ...PHOTOS, method: 'POST', origin: 'http://EXAMPLE.com:80', path: '/request' }, pairs)).toBe(
      'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26' +
        'oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26' +
        'oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
    )
  })

  it('OAuth Core 1.0 A.5: with oauth_version', () => {
    const request = { now: 1191242096_000 }
    expect(signature(request, { version: true }, 'kllo9940pd9333jh')).toBe('tR3+Ty81lMeYAr/Fid0kMTYa/WM=')
  })
})

describe('methods', () => {
  it('HMAC-SHA256 and HMAC-SHA512, as oauthlib signs them', () => {
    const request = { now: 1191242096_000 }
    expect(signature(request, { method: 'HMAC-SHA256', version: true }, 'kllo9940pd9333jh')).toBe(
      'WVPzl1j6ZsnkIjWr7e3OZ3jkenL57KwaLFhYsroX1hg=',
    )
    expect(signature(request, { method: 'HMAC-SHA512', version: true }, 'kllo9940pd9333jh')).toBe(
      'nQYVqZl8EkEH4fThSn+25i1gc68aX+FHTHSAXrxIl2ixdAofXM/pq2x90UaOFIZQxvkzE5VRZpPbjo6i+fe6rg==',
    )
  })

  it.each(['RSA-SHA1', 'RSA-SHA256'] as const)('%s: the public key verifies the base string', (method) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const header = oauth1Header(PHOTOS, { ...TOKEN, consumerSecret: '', privateKey }, { ...SIGNING, method }, 'n')
    const { realm: _, oauth_signature, ...own } = fields(header)
    const pairs = pairsOf(`${PHOTOS.query}&${new URLSearchParams(own as Record<string, string>)}`)
    const sent = Buffer.from(decodeURIComponent(oauth_signature as string), 'base64')
    const base = Buffer.from(baseString(PHOTOS, pairs))
    expect(verify(method === 'RSA-SHA1' ? 'sha1' : 'sha256', base, publicKey, sent)).toBe(true)
  })

  it('PLAINTEXT is the secrets, and goes over https only', () => {
    const header = { method: 'PLAINTEXT' as const }
    expect(signature({ origin: 'https://photos.example.net' }, header)).toBe('kd94hf93k423kf44&pfkkdhi9sl3r4s00')
    expect(() => signature({}, header)).toThrow(/^upstream_refused_address: .*https/)
  })
})

describe('bodies', () => {
  const form = ['content-type', 'application/x-www-form-urlencoded; charset=utf-8']
  const body = Buffer.from('c2&a3=2+q')

  it('a form is signed as if it stood in the query', () => {
    const inBody = signature({ method: 'POST', headers: form, body, query: 'a=1' })
    expect(inBody).toBe(signature({ method: 'POST', query: 'a=1&c2=&a3=2%20q' }))
    expect(signature({ method: 'POST', headers: form, body, query: 'a=1' }, { signForm: false })).not.toBe(inBody)
  })

  it('a body of another kind is not, but for its hash', () => {
    const json = { method: 'POST', headers: ['Content-Type', 'application/json'] }
    expect(signature({ ...json, body: Buffer.from('{}') })).toBe(signature({ ...json, body: Buffer.from('[]') }))
    const signing = { ...SIGNING, bodyHash: true, method: 'HMAC-SHA256' as const }
    const header = oauth1Header({ ...PHOTOS, ...json, body: Buffer.from('{}') }, TOKEN, signing, 'n')
    const expected = createHash('sha256').update('{}').digest('base64')
    expect(decodeURIComponent(fields(header).oauth_body_hash as string)).toBe(expected)
    expect(oauth1Header({ ...PHOTOS, headers: form, body }, TOKEN, signing, 'n')).not.toContain('oauth_body_hash')
  })

  it('invalid_request for a form that has a field of the signature', () => {
    const act = () => signature({ method: 'POST', headers: form, body: Buffer.from('a=1&%6fauth_token=golden') })
    expect(act).toThrow('invalid_request: The form has the field oauth_token, which the signature sets.')
  })
})

describe('properties', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/)
  const anyRequest = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: fc.array(word).map((words) => `/${words.join('/')}`),
    query: fc.array(fc.tuple(word, word)).map((pairs) => pairs.map(([a, b]) => `${a}=${b}`).join('&')),
  })

  it('the same request has the same signature, any other method, path, query, host, second or nonce another', () => {
    fc.assert(
      fc.property(anyRequest, fc.constantFrom('method', 'path', 'query', 'origin', 'now'), (a, key) => {
        const other = { method: 'PATCH', path: `${a.path}-`, query: `${a.query}&-`, origin: 'http://b.example', now: 0 }
        expect(signature(a)).toBe(signature(a))
        expect(signature({ ...a, [key]: other[key] })).not.toBe(signature(a))
        expect(signature(a, {}, 'm')).not.toBe(signature(a))
      }),
    )
  })

  it('no text of a secret, a realm or a request breaks out of the header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (token, query) => {
        const header = oauth1Header({ ...PHOTOS, query }, { ...TOKEN, token }, SIGNING, 'n')
        expect(header).toMatch(/^OAuth ([a-z_]+="[A-Za-z0-9\-._~%]*"(, |$))+$/)
      }),
    )
    expect(oauth1Header(PHOTOS, TOKEN, { ...SIGNING, realm: 'a"b\\' }, 'n')).toContain('realm="a\\"b\\\\", oauth_')
  })
})
