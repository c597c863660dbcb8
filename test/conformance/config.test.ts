import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** `oidcc-config-certification-test-plan`, and what the two plans of logout ask of the same document. At a public address with TLS, behind a proxy. */

const PUBLIC = 'https://login.example.org/gate'
const ISSUER = `${PUBLIC}/oidc`

interface Key {
  readonly kid: string
  readonly kty: string
  readonly use: string
  readonly alg: string
}

let gate: TestGate
let status: number
let type: string | null
let document: Record<string, unknown>
let keys: readonly (Key & Record<string, unknown>)[]

beforeAll(async () => {
  gate = await startTestGate({ OCTROI_PUBLIC_URL: PUBLIC, OCTROI_TRUSTED_PROXIES: '127.0.0.1' })
  const read = (address: string) =>
    fetch(address.replace(new URL(PUBLIC).origin, gate.url), {
      headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' },
    })
  const answer = await read(`${ISSUER}/.well-known/openid-configuration`)
  ;[status, type] = [answer.status, answer.headers.get('content-type')]
  document = (await answer.json()) as Record<string, unknown>
  keys = ((await (await read(document.jwks_uri as string)).json()) as { keys: typeof keys }).keys
})
afterAll(() => gate?.stop())

const MODULE = 'oidcc-discovery-endpoint-verification'
const texts = (name: string) => {
  expect(document[name]).toEqual(expect.arrayContaining([expect.any(String)]))
  return document[name] as string[]
}
const ENDPOINTS = [
  ['authorization_endpoint', '/auth'],
  ['token_endpoint', '/token'],
  ['userinfo_endpoint', '/me'],
  ['jwks_uri', '/jwks'],
  ['end_session_endpoint', '/session/end'],
] as const

it(`${MODULE}: 200 with JSON`, () => {
  expect([status, type?.split(';')[0]]).toEqual([200, 'application/json'])
})
it(`${MODULE}: the issuer is a plain https address, and the document lies below it`, () => {
  expect(document.issuer).toBe(ISSUER)
  const { protocol, search, hash } = new URL(document.issuer as string)
  expect({ protocol, search, hash }).toEqual({ protocol: 'https:', search: '', hash: '' })
})
it(`${MODULE}: the code flow, and nothing that gives tokens to a browser`, () => {
  expect(texts('response_types_supported')).toEqual(['code'])
  const grants = texts('grant_types_supported')
  expect(grants).toContain('authorization_code')
  for (const never of ['implicit', 'password']) expect(grants).not.toContain(never)
})
it(`${MODULE}: subjects are public`, () => {
  expect(texts('subject_types_supported')).toEqual(['public'])
})
it(`${MODULE}: RS256 among the algorithms of ID tokens, none is not`, () => {
  expect(texts('id_token_signing_alg_values_supported')).toEqual(['ES256', 'RS256'])
})
it(`${MODULE}: every proof of an application is named, without an algorithm none`, () => {
  expect(texts('token_endpoint_auth_methods_supported')).toEqual(
    expect.arrayContaining(['client_secret_basic', 'client_secret_post']),
  )
  expect(texts('token_endpoint_auth_signing_alg_values_supported')).not.toContain('none')
})
it.each(ENDPOINTS)(`${MODULE}: %s is an https address of ours`, (name, path) => {
  expect(document[name]).toBe(`${ISSUER}${path}`)
})
it(`${MODULE}: every address is https, and registration is not offered`, () => {
  const addresses = Object.entries(document).filter(([name]) => /(_endpoint|_uri)$/.test(name))
  expect(addresses.length).toBeGreaterThanOrEqual(ENDPOINTS.length)
  for (const [name, value] of addresses) expect([name, value]).toEqual([name, expect.stringMatching(/^https:\/\//)])
  expect(document).not.toHaveProperty('registration_endpoint')
})
it(`${MODULE}: the keys are public ones, of both algorithms, each with a name and a use of its own`, () => {
  expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'RS256'])
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  for (const key of keys) {
    expect(key).toMatchObject({ kid: expect.stringMatching(/./), use: 'sig' })
    expect(key.kty).not.toBe('oct')
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret)
  }
})
it(`${MODULE}: what a request may not carry is said`, () => {
  // OpenID Connect Discovery 1.0 §3: left out, the first two are false; the third would be true.
  const {
    request_parameter_supported = false,
    claims_parameter_supported = false,
    request_uri_parameter_supported,
  } = document
  expect({ request_parameter_supported, claims_parameter_supported, request_uri_parameter_supported }).toEqual({
    request_parameter_supported: false,
    claims_parameter_supported: false,
    request_uri_parameter_supported: false,
  })
})
it(`${MODULE}: claims and scopes, each written as RFC 6749 §3.3 has it`, () => {
  expect(texts('claims_supported')).toContain('sub')
  expect(texts('scopes_supported')).toContain('openid')
  for (const scope of texts('scopes_supported')) expect(scope).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/)
})
it(`${MODULE}: languages are written as the standard writes them`, () => {
  expect(texts('ui_locales_supported').map((tag) => new Intl.Locale(tag).toString())).toEqual(['fr', 'en'])
})
it(`${MODULE}: PKCE with S256`, () => {
  expect(texts('code_challenge_methods_supported')).toEqual(['S256'])
})
it('oidcc-rp-initiated-logout-discovery-endpoint-verification: there is an end_session_endpoint', () => {
  expect(document.end_session_endpoint).toBe(`${ISSUER}/session/end`)
})
it('oidcc-backchannel-logout-discovery-endpoint-verification: logout is told on the back channel, with the session', () => {
  expect([document.backchannel_logout_supported, document.backchannel_logout_session_supported]).toEqual([true, true])
})
