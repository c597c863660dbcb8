import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import { signConnection, signedNames } from '../signing.ts'
import { apiKey } from './api_key.ts'

function connector(rest: string) {
  return parseConnector(
    `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: api_key\nbase_url: https://acme.example\n${rest}`,
    'acme.yaml',
  )
}

const everywhere = connector(`
settings: { header: { title: H, default: X-Key } }
secrets: { a: { title: A }, b: { title: B }, c: { title: C, optional: true } }
headers: { X-Version: "3.0" }
query: { tenant: "t 1" }
api_key:
  - { header: "\${settings.header}", value: "Token \${secrets.a}" }
  - { query: "k&", value: "\${secrets.b}" }
  - { header: X-Optional, value: "\${secrets.c}" }
  - { basic: { username: "\${secrets.a}/token", password: "\${secrets.b}" } }
`)
const connection = { connector: everywhere, settings: { header: 'X-Mine' }, secrets: { a: '1', b: 'x y&z=' } }

describe('api_key', () => {
  it('requires the secrets that its placements use', () => {
    expect(Object.keys(apiKey.requires(everywhere))).toEqual(['a', 'b', 'c'])
    const one = connector(`api_key: [{ header: X-Key, value: "\${secrets.api_key}" }]`)
    expect(apiKey.requires(one)).toEqual({ api_key: { title: 'API key' } })
  })

  it('puts each secret where the connector says, and leaves out what is optional and absent', () => {
    expect(apiKey.sign(connection)).toEqual({
      headers: ['X-Mine', 'Token 1', 'Authorization', `Basic ${btoa('1/token:x y&z=')}`],
      query: 'k%26=x%20y%26z%3D',
    })
  })

  it('D17 names every header and query parameter that it may set, also the one that a setting names', () => {
    expect(apiKey.names(connection)).toEqual({ headers: ['x-mine', 'x-optional', 'authorization'], query: ['k&'] })
  })

  it('D17 what the connector sends on every call is the connection’s too', () => {
    expect(signConnection(apiKey, connection)).toMatchObject({
      headers: expect.arrayContaining(['X-Version', '3.0']),
      query: 'tenant=t%201&k%26=x%20y%26z%3D',
    })
    expect(signedNames(apiKey, connection)).toMatchObject({
      headers: expect.arrayContaining(['x-version']),
      query: ['tenant', 'k&'],
    })
  })

  it('reconnect_required when a secret is missing', () => {
    expect(() => apiKey.sign({ ...connection, secrets: { a: '1' } })).toThrow(
      'reconnect_required: The secret b is missing.',
    )
  })

  it('reconnect_required, without the value, when a stored secret would break out of its header', () => {
    const act = () => apiKey.sign({ ...connection, secrets: { a: 'golden\r\nX-Evil: 1', b: 'b' } })
    expect(act).toThrow(/^reconnect_required.*line break/)
    expect(act).not.toThrow(/golden/)
  })

  it('refuses a header of Octroi’s own, whoever named it', () => {
    expect(() => apiKey.sign({ ...connection, settings: { header: 'Host' } })).toThrow('may not be the header host')
  })

  it('is pure: the same connection, the same signature', () => {
    expect(apiKey.sign(connection)).toEqual(apiKey.sign(connection))
  })
})
