import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import { signRequest } from '../request_signing.ts'
import type { ConnectionSecrets, OutgoingRequest, Values } from '../scheme.ts'
import { hmac } from './hmac.ts'

const HEAD = `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: hmac\nbase_url: https://acme.example
settings: { tenant: { title: Tenant, default: t1 } }\n`

function connection(section: string, secrets: Values = { secret: 'Jefe', key_id: 'k1' }): ConnectionSecrets {
  const text = `${HEAD}hmac:\n${section.replace(/^ */gm, '  ').replaceAll('#{', '$' + '{')}\n`
  return { connector: parseConnector(text, 'acme.yaml'), settings: { tenant: 't1' }, secrets }
}
const request: OutgoingRequest = {
  method: 'POST',
  origin: 'https://acme.example',
  path: '/v1/a',
  query: 'b=2&a=1',
  headers: ['Content-Type', 'text/plain'],
  body: Buffer.from('what do ya want for nothing?'),
  params: {},
  now: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
}
const APPLY = `apply: [{ header: X-Key, value: "#{secrets.key_id}" }, { header: X-Signature, value: "#{signature}" }]`
const send = (from: ConnectionSecrets, change: Partial<OutgoingRequest> = {}) =>
  signRequest(hmac.sign(from), { ...request, ...change })
function signature(section: string, change: Partial<OutgoingRequest> = {}, secrets?: Values): string {
  return send(connection(`${section}\n${APPLY}`, secrets && { key_id: 'k1', ...secrets }), change).headers.at(
    -1,
  ) as string
}
/** Without a key the canonical text itself can be seen, before its hash. */
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const plain = (canonical: string, change: Partial<OutgoingRequest> = {}) =>
  signature(`canonical: [${canonical}, { text: "#{secrets.secret}" }]`, change)

describe('RFC 4231 and RFC 2202', () => {
  const keyed = `key: "#{secrets.secret}"\ncanonical: [body]`
  it.each([
    ['sha256', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    ['sha1', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    ['md5', '750c783e6ab0b503eaa86e310a5db738'],
    [
      'sha512',
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
  ])('test case 2 with %s', (algorithm, expected) => {
    expect(signature(`${keyed}\nalgorithm: ${algorithm}`)).toBe(expected)
  })

  it('test case 1: a key in hexadecimal or base64, a signature in every spelling', () => {
    const body = Buffer.from('Hi There')
    const hex = 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'
    const key = Buffer.alloc(20, 0x0b)
    const raw = Buffer.from(hex, 'hex')
    const of = (encoding: string, how: 'hex' | 'base64' = 'hex') =>
      signature(`${keyed}\nkey_encoding: ${how}\nencoding: ${encoding}`, { body }, { secret: key.toString(how) })
    expect([of('hex'), of('hex', 'base64'), of('hex_upper')]).toEqual([hex, hex, hex.toUpperCase()])
    expect([of('base64'), of('base64url')]).toEqual([raw.toString('base64'), raw.toString('base64url')])
    expect(of('base64_of_hex')).toBe(Buffer.from(hex).toString('base64'))
  })

  it('reconnect_required, without the key, for one that is written otherwise', () => {
    const act = () => signature(`${keyed}\nkey_encoding: hex`, {}, { secret: 'golden' })
    expect(act).toThrow(/^reconnect_required: The signing key is not hexadecimal/)
    expect(act).not.toThrow(/golden/)
    expect(() => signature(keyed, {}, {})).toThrow(/^reconnect_required: The secret secret is missing/)
  })
})

describe('what is signed', () => {
  it.each([
    ['method', 'POST'],
    ['origin', 'https://acme.example'],
    ['host', 'acme.example'],
    ['path', '/v1/a'],
    ['query', 'b=2&a=1'],
    ['sorted_query', 'a=1&b=2'],
    ['target', '/v1/a?b=2&a=1'],
    ['body', 'what do ya want for nothing?'],
    ['body_hash', sha256('what do ya want for nothing?')],
    ['timestamp', '1767323045'],
    ['{ header: content-type }', 'text/plain'],
    ['{ header: X-None }', ''],
    [`{ text: "v1:#{settings.tenant}:#{timestamp}" }`, 'v1:t1:1767323045'],
  ])('%s', (part, expected) => {
    expect(plain(part)).toBe(sha256(`${expected}\nJefe`))
  })

  it('sorted_params: the query and a form, as for OAuth 1.0', () => {
    const form = { headers: ['Content-Type', 'application/x-www-form-urlencoded'], body: Buffer.from('c=é+x&a=0') }
    expect(plain('sorted_params', form)).toBe(sha256('a=0&a=1&b=2&c=%C3%A9%20x\nJefe'))
    expect(plain('sorted_params')).toBe(sha256('a=1&b=2\nJefe'))
  })

  it('parts stand between separators, in their order; an empty path is /', () => {
    const section = `canonical: [method, path, { text: "#{secrets.secret}" }]\nseparator: "|"`
    expect(signature(section, { path: '' })).toBe(sha256('POST|/|Jefe'))
  })

  it.each([
    ['unix_ms', '1767323045006'],
    ['iso8601', '2026-01-02T03:04:05Z'],
    ['iso8601_ms', '2026-01-02T03:04:05.006Z'],
    ['compact', '20260102T030405Z'],
    ['http_date', 'Fri, 02 Jan 2026 03:04:05 GMT'],
    ['rfc2822', 'Fri, 02 Jan 2026 03:04:05 -0000'],
  ])('a timestamp as %s', (format, expected) => {
    const section = `timestamp: ${format}\ncanonical: [timestamp, { text: "#{secrets.secret}" }]`
    expect(signature(section)).toBe(sha256(`${expected}\nJefe`))
  })

  it('without a body, its hash is that of nothing, or no text', () => {
    const section = `canonical: [body_hash, { text: "#{secrets.secret}" }]`
    expect(signature(section, { body: null })).toBe(sha256(`${sha256('')}\nJefe`))
    expect(signature(`${section}\nbody_hash: { empty: nothing }`, { body: null })).toBe(sha256('\nJefe'))
  })
})

describe('where it goes', () => {
  it('what is put on the request without the signature is signed with it', () => {
    const from = connection(`key: "#{secrets.secret}"
      canonical: [sorted_query, { header: x-time }]
      apply: [{ query: key, value: "#{secrets.key_id}" }, { header: X-Time, value: "#{timestamp}" }, { query: sig, value: "#{signature}" }]`)
    const sent = send(from)
    const expected = createHmac('sha256', 'Jefe').update('a=1&b=2&key=k1\n1767323045').digest('hex')
    expect(sent).toEqual({
      headers: [...request.headers, 'X-Time', '1767323045'],
      query: `b=2&a=1&key=k1&sig=${expected}`,
    })
    expect(hmac.names(from)).toEqual({ headers: ['x-time'], query: ['key', 'sig'] })
  })

  it('the body is read only where it counts', () => {
    const needs = (section: string) => hmac.sign(connection(`${section}\n${APPLY}`)).perRequest?.needsBody
    const text = `{ text: "#{secrets.secret}" }`
    expect([needs(`canonical: [path, ${text}]`), needs(`canonical: [body, ${text}]`)]).toEqual([false, true])
    expect(needs(`canonical: [${text}, { text: "#{body_hash}" }]`)).toBe(true)
    const inHeader = `canonical: [${text}]\napply: [{ header: D, value: "#{body_hash}" }, { header: S, value: "#{signature}" }]`
    expect(hmac.sign(connection(inHeader)).perRequest?.needsBody).toBe(true)
  })

  it('WSSE: a nonce of its own for each request, under the digest', () => {
    const from = connection(`algorithm: sha1
      encoding: base64
      canonical: [nonce, timestamp, { text: "#{secrets.secret}" }]
      separator: ""
      timestamp: iso8601
      apply: [{ header: X-WSSE, value: 'UsernameToken Username="#{secrets.key_id}", PasswordDigest="#{signature}", Nonce="#{nonce}", Created="#{timestamp}"' }]`)
    const values = send(from).headers.at(-1) as string
    const [, digest, nonce, created] =
      /PasswordDigest="([^"]+)", Nonce="([0-9a-f]{32})", Created="([^"]+)"$/.exec(values) ?? []
    expect(created).toBe('2026-01-02T03:04:05Z')
    expect(createHash('sha1').update(`${nonce}${created}Jefe`).digest('base64')).toBe(digest)
    expect(send(from).headers.at(-1)).not.toBe(values)
  })

  it('a nonce in base64, signed as its bytes', () => {
    const from = connection(`canonical: [nonce_bytes, { text: "#{secrets.secret}" }]
      separator: ""
      nonce: base64
      apply: [{ header: N, value: "#{nonce}" }, { header: S, value: "#{signature}" }]`)
    const [nonce = '', , sent] = send(from).headers.slice(-3)
    const bytes = Buffer.concat([Buffer.from(nonce, 'base64'), Buffer.from('Jefe')])
    expect(sent).toBe(createHash('sha256').update(bytes).digest('hex'))
  })
})

describe('the section', () => {
  it('asks for the secrets that it uses', () => {
    const { connector } = connection(`key: "#{secrets.secret}"\ncanonical: [path]\n${APPLY}`)
    expect(Object.keys(hmac.requires(connector))).toEqual(['secret', 'key_id'])
    expect(hmac.injects(connection(`key: "#{secrets.secret}"\ncanonical: [path]\n${APPLY}`))).toHaveProperty('secret')
  })

  it.each([
    [`canonical: [path]\n${APPLY}`, /key: is missing/],
    [`key: "#{secrets.secret}"\ncanonical: [path]\napply: [{ header: A, value: "#{secrets.key_id}" }]`, /no value has/],
    [`key: "#{secrets.secret}"\ncanonical: [paths]\n${APPLY}`, /canonical/],
    [`key: "#{secrets.secret}"\ncanonical: [{ header: Host }]\n${APPLY}`, /canonical: Host may not be/],
    [`key: "#{secrets.secret}"\ncanonical: [{ text: "#{signature}" }]\n${APPLY}`, /token\.signature/],
    [`key: "#{secrets.nope}"\ncanonical: [path]\n${APPLY}`, /secrets\.nope/],
  ])('refuses %j', (section, message) => {
    expect(() => connection(section)).toThrow(message)
  })
})

describe('properties', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/)
  const section = `key: "#{secrets.secret}"\ncanonical: [method, host, path, sorted_query, timestamp, { header: content-type }, body_hash]`
  const from = connection(`${section}\n${APPLY}`)
  const anyRequest = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: fc.array(word).map((words) => `/${words.join('/')}`),
    query: fc.array(fc.tuple(word, word)).map((pairs) => pairs.map(([a, b]) => `${a}=${b}`).join('&')),
    body: fc.option(fc.uint8Array()),
  })

  it('the same request has the same signature; any other method, path, query, body, signed header, host or second another', () => {
    const keys = ['method', 'path', 'query', 'body', 'headers', 'origin', 'now'] as const
    fc.assert(
      fc.property(anyRequest, fc.constantFrom(...keys), (a, key) => {
        const other = {
          method: 'PATCH',
          path: `${a.path}-`,
          query: `${a.query}&-`,
          body: Buffer.concat([a.body ?? Buffer.alloc(0), Buffer.from('!')]),
          headers: ['Content-Type', 'text/html'],
          origin: 'https://b.example',
          now: request.now + 1000,
        }
        expect(send(from, a).headers.at(-1)).toBe(send(from, a).headers.at(-1))
        expect(send(from, { ...a, [key]: other[key] }).headers.at(-1)).not.toBe(send(from, a).headers.at(-1))
      }),
    )
  })
})
