import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { basic, call } from './calling.ts'
import { type OidcProvider, startOidcProvider } from './oidc_provider.ts'

let provider: OidcProvider
const REDIRECT = 'http://127.0.0.1:4010/connect/callback'
const VERIFIER = 'v'.repeat(43)

beforeEach(async () => {
  provider = await startOidcProvider({ redirectUris: [REDIRECT] })
})
afterEach(() => provider.stop())

/** Follows redirects with a jar of cookies, as a browser does, until they leave the provider. */
async function authorize(parameters: Record<string, string> = {}): Promise<URLSearchParams> {
  const query = new URLSearchParams({
    client_id: provider.clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid offline_access',
    prompt: 'consent',
    state: 'st',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const cookies = new Map<string, string>()
  let next = `${provider.url}/auth?${query}`
  for (let hops = 0; next.startsWith(provider.url); hops++) {
    if (hops > 10) throw new Error(`still at ${next}`)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { headers } = await call(`GET ${next}`, { headers: { Cookie: cookie } })
    for (const set of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    next = new URL(headers.get('location') ?? 'none:', next).href
  }
  return new URL(next).searchParams
}
const token = (form: Record<string, string>, secret = provider.clientSecret) =>
  call(`POST ${provider.url}/token`, { form, headers: { Authorization: basic(provider.clientId, secret) } })
const exchange = async (verifier = VERIFIER) =>
  token({
    grant_type: 'authorization_code',
    code: (await authorize()).get('code') ?? '',
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  })
const refresh = (refreshToken: string) => token({ grant_type: 'refresh_token', refresh_token: refreshToken })
const resource = (accessToken: string) =>
  call(`GET ${provider.url}/resource`, { headers: { Authorization: `Bearer ${accessToken}` } })

it('signs the fixed user in; state and iss come back, the tokens are good', async () => {
  const back = await authorize()
  expect([back.get('state'), back.get('iss')]).toEqual(['st', provider.issuer])
  const { body } = await exchange()
  const { payload } = await jwtVerify(body.id_token, createRemoteJWKSet(new URL(`${provider.url}/jwks`)), {
    issuer: provider.issuer,
    audience: provider.clientId,
  })
  expect(payload.sub).toBe(provider.subject)
  expect((await resource(body.access_token)).body).toMatchObject({ sub: 'user-1', clientId: provider.clientId })
})

it('refuses a request without PKCE, another verifier, a wrong secret, a made-up token', async () => {
  expect((await authorize({ code_challenge: '', code_challenge_method: '' })).get('error')).toBe('invalid_request')
  expect((await exchange('w'.repeat(43))).body.error).toBe('invalid_grant')
  expect((await token({ grant_type: 'refresh_token', refresh_token: 'x' }, 'wrong')).body.error).toBe('invalid_client')
  expect((await resource('made-up')).status).toBe(401)
})

it('a refresh token that was rotated away kills the family', async () => {
  const first = (await exchange()).body
  const second = (await refresh(first.refresh_token)).body
  expect((await resource(second.access_token)).status).toBe(200)
  expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant')
  expect((await refresh(second.refresh_token)).body.error).toBe('invalid_grant')
  expect((await resource(second.access_token)).status).toBe(401)
  expect(provider.grants).toMatchObject({ succeeded: 2, refused: 2 })
})

it('401 for a revoked access token, invalid_grant once all is revoked', async () => {
  const { access_token, refresh_token } = (await exchange()).body
  provider.revokeAccess()
  expect((await resource(access_token)).status).toBe(401)
  const next = (await refresh(refresh_token)).body
  expect((await resource(next.access_token)).status).toBe(200)
  provider.revokeAll()
  expect((await refresh(next.refresh_token)).body.error).toBe('invalid_grant')
})

it('token requests can be made to fail, before they are carried out and after', async () => {
  const { refresh_token } = (await exchange()).body
  provider.failTokens(1, 503)
  provider.failTokens(1, 'drop')
  expect((await refresh(refresh_token)).status).toBe(503)
  await expect(refresh(refresh_token)).rejects.toThrow()
  const next = (await refresh(refresh_token)).body.refresh_token
  expect(next).toBeTypeOf('string')
  provider.failTokens(1, 'lose')
  await expect(refresh(next)).rejects.toThrow()
  expect((await refresh(next)).body.error).toBe('invalid_grant')
  expect(provider.tokenRequests()).toBe(6)
})
