import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import type { ConnectionSecrets, OutgoingRequest, Values } from '../scheme.ts'
import { httpSignature } from './http_signature.ts'
import { signatureBase } from './signatures/http_message.ts'

/** The keys and the request of RFC 9421 appendix B. */
const ED25519 =
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n'
const SHARED = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
const REQUEST: OutgoingRequest = {
  method: 'POST',
  origin: 'https://example.com',
  path: '/foo',
  query: 'param=Value&Pet=dog',
  headers: ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT', 'Content-Type', 'application/json', 'Content-Length', '18'],
  body: Buffer.from('{"hello": "world"}'),
  params: {},
  now: 1618884473_000,
}

function connection(section: string, secrets: Values): ConnectionSecrets {
  const head =
    'id: acme\nname: Acme\ndocs: https://acme.example\nscheme: http_signature\nbase_url: https://acme.example\n'
  return { connector: parseConnector(`${head}http_signature: ${section}\n`, 'acme.yaml'), settings: {}, secrets }
}
function headers(from: ConnectionSecrets, change: Partial<OutgoingRequest> = {}): Record<string, string> {
  const flat = httpSignature.sign(from).perRequest?.sign({ ...REQUEST, ...change }).headers ?? []
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] as string]] : [])))
}

describe('RFC 9421 appendix B', () => {
  it('B.2.5: hmac-sha256', () => {
    const from = connection(
      '{ algorithm: hmac-sha256, key_encoding: base64, alg: false, label: sig-b25, components: [date, "@authority", content-type] }',
      { secret: SHARED, key_id: 'test-shared-secret' },
    )
    expect(headers(from)).toEqual({
      'Signature-Input': 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      Signature: 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:',
    })
  })

  it('B.2.6: ed25519', () => {
    const from = connection(
      '{ algorithm: ed25519, alg: false, label: sig-b26, components: [date, "@method", "@path", "@authority", content-type, content-length] }',
      { private_key: ED25519, key_id: 'test-key-ed25519' },
    )
    expect(headers(from)).toEqual({
      'Signature-Input':
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
      Signature: 'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:',
    })
  })

  it('B.2.3: the base of many components, and the digest of the body', () => {
    const digest = 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:'
    const names = ['date', '@method', '@path', '@query', '@authority', 'content-type', 'content-digest']
    const sent = { ...REQUEST, headers: [...REQUEST.headers, 'Content-Digest', digest] }
    const { base } = signatureBase(sent, names, { created: 1618884473, keyid: 'test-key-rsa-pss' })
    expect(base.split('\n')).toEqual([
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@query": ?param=Value&Pet=dog',
      '"@authority": example.com',
      '"content-type": application/json',
      `"content-digest": ${digest}`,
      '"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest");created=1618884473;keyid="test-key-rsa-pss"',
    ])
    const section = '{ algorithm: ed25519, content_digest: sha-512, components: [content-digest] }'
    expect(headers(connection(section, { private_key: ED25519, key_id: 'k' }))['Content-Digest']).toBe(digest)
  })
})

describe('http_signature', () => {
  it.each([
    ['rsa-pss-sha512', 'rsa'],
    ['rsa-v1_5-sha256', 'rsa'],
    ['ecdsa-p256-sha256', 'ec'],
    ['ed25519', 'ed25519'],
  ] as const)('%s: the public key verifies the base', (algorithm, kind) => {
    const options = { modulusLength: 2048, namedCurve: 'P-256' }
    const { privateKey, publicKey } = generateKeyPairSync(kind as 'rsa', options)
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n')
    const from = connection(`{ algorithm: ${algorithm}, components: ["@target-uri"] }`, {
      private_key: pem,
      key_id: 'k',
    })
    const sent = /^sig1=:(.*):$/.exec(headers(from).Signature as string)?.[1] as string
    const { base } = signatureBase(REQUEST, ['@target-uri'], { created: 1618884473, keyid: 'k', alg: algorithm })
    expect(base).toContain('"@target-uri": https://example.com/foo?param=Value&Pet=dog\n')
    const how = {
      'rsa-pss-sha512': { key: publicKey, padding: 6, saltLength: 64 },
      'ecdsa-p256-sha256': { key: publicKey, dsaEncoding: 'ieee-p1363' as const },
      'rsa-v1_5-sha256': publicKey,
      ed25519: publicKey,
    }
    const hash = { 'rsa-pss-sha512': 'sha512', ed25519: null }[algorithm as 'ed25519']
    expect(
      verify(hash === undefined ? 'sha256' : hash, Buffer.from(base), how[algorithm], Buffer.from(sent, 'base64')),
    ).toBe(true)
  })

  it('says when it ends, a nonce of its own, and its tag', () => {
    const section = '{ algorithm: ed25519, components: ["@method"], expires_s: 60, nonce: true, tag: app }'
    const from = connection(section, { private_key: ED25519, key_id: 'k"1' })
    expect(headers(from)['Signature-Input']).toMatch(
      /^sig1=\("@method"\);created=1618884473;expires=1618884533;keyid="k\\"1";alg="ed25519";nonce="[A-Za-z0-9+/]{22}==";tag="app"$/,
    )
    expect(headers(from)['Signature-Input']).not.toBe(headers(from)['Signature-Input'])
  })

  it('without a body there is no digest, and none is covered', () => {
    const section = '{ algorithm: ed25519, content_digest: sha-256, components: ["@method", content-digest] }'
    const from = connection(section, { private_key: ED25519, key_id: 'k' })
    expect(headers(from, { body: null })['Signature-Input']).toContain('sig1=("@method");')
    expect(headers(from, { body: null })).not.toHaveProperty('Content-Digest')
    expect(httpSignature.sign(from).perRequest?.needsBody).toBe(true)
    expect(httpSignature.names(from).headers).toEqual(['signature', 'signature-input', 'content-digest'])
  })

  it('invalid_request for a request without a header that is signed', () => {
    const from = connection('{ algorithm: ed25519, components: [date] }', { private_key: ED25519, key_id: 'k' })
    expect(() => headers(from, { headers: [] })).toThrow('invalid_request: The header date is part of the signature')
  })

  it('reconnect_required, without the key, for a key that does not fit', () => {
    const section = '{ algorithm: ecdsa-p256-sha256, components: ["@method"] }'
    expect(() => headers(connection(section, { private_key: ED25519, key_id: 'k' }))).toThrow(
      'reconnect_required: The signing key is not a key for ecdsa-p256-sha256.',
    )
    const act = () => headers(connection(section, { private_key: 'golden', key_id: 'k' }))
    expect(act).toThrow(/^reconnect_required: The signing key cannot be read/)
    expect(act).not.toThrow(/golden/)
  })

  it.each([
    ['{ algorithm: md5, components: [date] }', /algorithm/],
    ['{ algorithm: ed25519, components: ["@status"] }', /@status is not one of/],
    ['{ algorithm: ed25519, components: [date, Date] }', /named twice/],
    ['{ algorithm: ed25519, components: [content-digest] }', /needs content_digest/],
  ])('refuses %s', (section, message) => {
    expect(() => connection(section, {})).toThrow(message)
  })

  it('the same request has the same signature; any other method, path, query, body, signed header, host or second another', () => {
    const section =
      '{ algorithm: ed25519, content_digest: sha-256, components: ["@method", "@target-uri", date, content-digest] }'
    const from = connection(section, { private_key: ED25519, key_id: 'k' })
    const word = fc.stringMatching(/^[A-Za-z0-9%+=&]{0,8}$/)
    const anyRequest = fc.record({ path: word.map((text) => `/${text}`), query: word, body: fc.uint8Array() })
    const keys = ['method', 'path', 'query', 'body', 'headers', 'origin', 'now'] as const
    fc.assert(
      fc.property(anyRequest, fc.constantFrom(...keys), (a, key) => {
        const other = {
          method: 'PATCH',
          path: `${a.path}-`,
          query: `${a.query}&-`,
          body: Buffer.concat([a.body, Buffer.from('!')]),
          headers: ['Date', 'today'],
          origin: 'https://b.example',
          now: 0,
        }
        expect(headers(from, a).Signature).toBe(headers(from, a).Signature)
        expect(headers(from, { ...a, [key]: other[key] }).Signature).not.toBe(headers(from, a).Signature)
      }),
      { numRuns: 50 },
    )
  })

  it('the public half of the key of the RFC is the one that it prints', () => {
    const { x } = createPublicKey(ED25519).export({ format: 'jwk' })
    expect(x).toBe('JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs')
  })

  it('refuses an RSA key that is too small to sign with', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const secrets = { private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, key_id: 'k' }
    const from = connection('{ algorithm: rsa-pss-sha512, components: ["@method"] }', secrets)
    expect(() => headers(from)).toThrow('reconnect_required: The signing key is not a key for rsa-pss-sha512.')
  })
})
