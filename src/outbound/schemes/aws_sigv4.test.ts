import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import type { OutgoingRequest } from '../scheme.ts'
import { awsSigv4 } from './aws_sigv4.ts'

const connector = (section: string) =>
  parseConnector(
    `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: aws_sigv4\nbase_url: https://acme.example
settings: { region: { title: Region, pattern: "[a-z0-9-]+" } }\naws_sigv4: ${section}\n`,
    'acme.yaml',
  )

const plain = connector(`{ service: execute-api, region: "\${settings.region}" }`)
const connection = {
  connector: plain,
  settings: { region: 'eu-west-3' },
  secrets: { access_key_id: 'AKID', secret_access_key: 'golden' },
}
const request: OutgoingRequest = {
  method: 'POST',
  origin: 'https://acme.example',
  path: '/a',
  query: 'b=1',
  headers: ['Content-Type', 'application/json'],
  body: Buffer.from('{}'),
  params: {},
  now: Date.UTC(2026, 0, 2),
}

function signed(change: Partial<OutgoingRequest> = {}, from = connection): readonly string[] {
  return awsSigv4.sign(from).perRequest?.sign({ ...request, ...change }).headers ?? []
}

describe('aws_sigv4', () => {
  it('requires the two parts of an access key, and takes a session token', () => {
    const fields = awsSigv4.requires(plain)
    expect(Object.entries(fields).map(([name, { secret, optional }]) => [name, secret, optional])).toEqual([
      ['access_key_id', false, undefined],
      ['secret_access_key', undefined, undefined],
      ['session_token', undefined, true],
    ])
  })

  it('signs under the service and the region of the connection', () => {
    expect(signed().join(' ')).toContain('Credential=AKID/20260102/eu-west-3/execute-api/aws4_request, Signed')
    const elsewhere = { ...connection, settings: { region: 'us-east-1' } }
    expect(signed({}, elsewhere).at(-1)).not.toBe(signed().at(-1))
  })

  it('D17 names all that it sets, the parameters of a presigned address too', () => {
    const names = awsSigv4.names(connection)
    for (const [index, name] of signed({}, withToken).entries())
      if (index % 2 === 0) expect(names.headers).toContain(name.toLowerCase())
    expect(names.query).toContain('x-amz-signature')
    expect(names.query).toContain('x-amz-security-token')
  })

  const withToken = { ...connection, secrets: { ...connection.secrets, session_token: 'st' } }
  it('a session token goes along', () => {
    expect(signed({}, withToken)).toEqual(expect.arrayContaining(['X-Amz-Security-Token', 'st']))
    expect(signed()).not.toContain('X-Amz-Security-Token')
  })

  it('an unsigned body is not read, and only sent over https', () => {
    const s3 = { ...connection, connector: connector('{ service: s3, region: eu-west-3, unsigned_payload: true }') }
    expect(awsSigv4.sign(s3).perRequest?.needsBody).toBe(false)
    expect(signed({ body: null }, s3)).toEqual(expect.arrayContaining(['X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD']))
    expect(() => signed({ origin: 'http://acme.example' }, s3)).toThrow(/^upstream_refused_address: .*https/)
    expect(awsSigv4.sign(connection).perRequest?.needsBody).toBe(true)
  })

  it('invalid_request for a body in chunks that the caller signed himself', () => {
    expect(() => signed({ headers: ['Content-Encoding', 'aws-chunked,gzip'] })).toThrow(/^invalid_request: .*chunked/)
  })

  it('reconnect_required when a secret is missing or cannot be sent, without its value', () => {
    const { secret_access_key: _, ...rest } = connection.secrets
    expect(() => awsSigv4.sign({ ...connection, secrets: rest as typeof connection.secrets })).toThrow(
      'reconnect_required: The secret secret_access_key is missing.',
    )
    const broken = { ...connection, secrets: { ...connection.secrets, access_key_id: 'golden\r\nX: 1' } }
    expect(() => awsSigv4.sign(broken)).toThrow(/^reconnect_required: The secret access_key_id contains a line break/)
    expect(() => awsSigv4.sign(broken)).not.toThrow(/golden/)
  })

  it('refuses a section without a region, and a header that cannot be signed by name', () => {
    expect(() => connector('{ service: s3 }')).toThrow(/aws_sigv4\.region: is required/)
    expect(() => connector('{ service: s3, region: x, signed_headers: [Authorization] }')).toThrow(/signed_headers/)
    expect(() => connector(`{ service: "\${settings.nope}", region: x }`)).toThrow(/settings\.nope/)
  })
})

describe('properties', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/)
  const anyRequest = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    path: fc.array(word).map((words) => `/${words.join('/')}`),
    query: fc.array(fc.tuple(word, word)).map((pairs) => pairs.map(([a, b]) => `${a}=${b}`).join('&')),
    body: fc.option(fc.uint8Array({ minLength: 1 })),
    headers: word.map((type) => ['Content-Type', type]),
  })

  it('the same request has the same signature, whatever was signed between', () => {
    fc.assert(
      fc.property(anyRequest, (change) => {
        const { perRequest } = awsSigv4.sign(connection)
        const first = perRequest?.sign({ ...request, ...change })
        perRequest?.sign({ ...request, now: request.now + 86_400_000 })
        expect(perRequest?.sign({ ...request, ...change })).toEqual(first)
      }),
    )
  })

  it('any other method, path, query, body, signed header, host or second has another', () => {
    fc.assert(
      fc.property(
        anyRequest,
        fc.constantFrom('method', 'path', 'query', 'body', 'headers', 'origin', 'now'),
        (a, key) => {
          const other = {
            method: 'PATCH',
            path: `${a.path}-`,
            query: `${a.query}&-=1`,
            body: Buffer.concat([a.body ?? Buffer.alloc(0), Buffer.from('!')]),
            headers: ['Content-Type', `${a.headers[1]}-`],
            origin: 'https://other.example',
            now: request.now + 1000,
          }
          expect(signed({ ...a, [key]: other[key] }).at(-1)).not.toBe(signed(a).at(-1))
        },
      ),
    )
  })

  it('any path and query can be signed, and spellings of the same query are one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (path, query) => {
        expect(signed({ path, query }).at(-1)).toMatch(/Signature=[0-9a-f]{64}$/)
      }),
    )
    const spellings = ['a=%2B%20&b', 'b=&a=%2b+', '%61=%2B%20&b='].map((query) => signed({ query }).at(-1))
    expect(new Set(spellings).size).toBe(1)
    expect(signed({ path: '' }).at(-1)).toBe(signed({ path: '/' }).at(-1))
  })
})
