import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENT_TEMPLATE_NAMES } from '../../src/api/client_templates/index.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'

/** What the API takes for an OpenID client, the provider takes too: no application is registered that can never sign anybody in. */

let gate: TestGate
let issuer: string
beforeAll(async () => {
  gate = await startTestGate()
  const document = await (await fetch(`${gate.url}/oidc/.well-known/openid-configuration`)).json()
  issuer = (document as { issuer: string }).issuer
})
afterAll(() => gate?.stop())

const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = own.publicKey.export({ format: 'jwk' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'jwk' })
const OWN = {
  name: 'Own',
  redirect_uris: ['https://a.example.org/cb?tenant=5', 'http://127.0.0.1:7/cb', 'http://[::1]:8000/cb'],
  post_logout_redirect_uris: ['http://localhost/bye?a=1'],
}

const ALL = ['openid', 'profile', 'email', 'groups', 'organization', 'offline_access']
const NEAR = { allow_http: true, allow_private: true }

async function make(body: object) {
  const answer = await gate.api('POST', '/clients', body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

/** Asks for a token with a code of nobody's: what is refused is the code, not the application. */
async function refusal({ id, client_secret, redirect_uris, openid }: Awaited<ReturnType<typeof make>>) {
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'x', redirect_uri: redirect_uris[0] })
  const headers: Record<string, string> = {}
  if (openid.auth_method === 'client_secret_basic')
    headers.authorization = `Basic ${Buffer.from(`${id}:${client_secret}`).toString('base64')}`
  else body.set('client_id', id)
  if (openid.auth_method === 'client_secret_post') body.set('client_secret', client_secret)
  if (openid.auth_method === 'private_key_jwt') {
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', await assertion(id, openid.jwks.keys[0].kid))
  }
  const answer = await fetch(`${gate.url}/oidc/token`, { method: 'POST', body, headers })
  return ((await answer.json()) as { error: string }).error
}

/** RFC 7523 §3. */
function assertion(id: string, kid: string | undefined): Promise<string> {
  const header = { alg: 'ES256', ...(kid === undefined ? {} : { kid }) }
  const claims = new SignJWT({ jti: randomUUID() }).setProtectedHeader(header).setIssuer(id).setSubject(id)
  return claims.setAudience(issuer).setIssuedAt().setExpirationTime('1m').sign(own.privateKey)
}

describe('the provider takes', () => {
  it.each(CLIENT_TEMPLATE_NAMES)('the template %s, out in the world and on loopback', async (template) => {
    for (const url of ['https://93.184.215.14/app', 'http://localhost:8080'])
      expect(await refusal(await make({ template, url }))).toBe('invalid_grant')
  })
  it.each([
    ['as is usual', {}, 'invalid_grant'],
    ['no secret', { auth_method: 'none' }, 'invalid_grant'],
    ['RS256 and pushed requests', { id_token_alg: 'RS256', par: true }, 'invalid_grant'],
    ['every scope and an API', { scopes: ALL, resources: [{ id: 'urn:example:a', scopes: ['x'] }] }, 'invalid_grant'],
    [
      'back-channel logout in clear',
      { backchannel_logout_uri: 'http://127.0.0.1:9/x', network: NEAR },
      'invalid_grant',
    ],
    ['a key with a name', { auth_method: 'private_key_jwt', jwks: { keys: [{ ...jwk, kid: 'a' }] } }, 'invalid_grant'],
    ['keys of two kinds', { auth_method: 'private_key_jwt', jwks: { keys: [jwk, rsa] } }, 'invalid_grant'],
    ['devices alone', { auth_method: 'none', grant_types: ['device_code', 'refresh_token'] }, 'invalid_request'],
    ['itself alone', { grant_types: ['client_credentials'] }, 'invalid_request'],
  ])('%s', async (_, openid, error) => {
    expect(await refusal(await make({ ...OWN, openid }))).toBe(error)
  })
  it('a secret that was rotated, and one that was before it; nothing of one that is disabled', async () => {
    const made = await make({ ...OWN, openid: {} })
    const { client_secret } = (await gate.api('POST', `/clients/${made.id}/rotate`, {})).body
    expect(await refusal(made)).toBe('invalid_grant')
    expect(await refusal({ ...made, client_secret })).toBe('invalid_grant')
    await gate.api('PATCH', `/clients/${made.id}`, { disabled: true })
    expect(await refusal(made)).toBe('invalid_client')
  })
})
