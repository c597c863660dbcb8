import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ProviderScene, startProviderScene } from './scene.ts'

/** From the first request of an application to what it knows of the person. */

let scene: ProviderScene

beforeAll(async () => {
  scene = await startProviderScene()
})
afterAll(() => scene.stop())

it('200 for discovery: codes alone, PKCE with S256, and our own addresses', async () => {
  const { status, body } = await scene.get('/.well-known/openid-configuration')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    issuer: scene.issuer,
    authorization_endpoint: `${scene.issuer}/auth`,
    token_endpoint: `${scene.issuer}/token`,
    userinfo_endpoint: `${scene.issuer}/me`,
    end_session_endpoint: `${scene.issuer}/session/end`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  })
})

it('200 for a code with its verifier: tokens, and userinfo with what the scopes say', async () => {
  const browser = await scene.signIn()
  const tokens = await scene.authorize(browser)
  const claims = decodeJwt(tokens.id_token as string)
  expect(claims).toMatchObject({ iss: scene.issuer, aud: 'app', sub: 'ada', amr: ['pwd'] })
  expect(typeof claims.sid).toBe('string')
  expect(typeof claims.auth_time).toBe('number')
  expect(decodeProtectedHeader(tokens.id_token as string).alg).toBe('ES256')
  const { status, body } = await scene.userinfo(tokens.access_token)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    sub: 'ada',
    name: 'ada',
    preferred_username: 'ada',
    email: 'ada@example.org',
    email_verified: true,
    groups: [],
  })
})

it('200 for a refresh token, which is another each time', async () => {
  const tokens = await scene.authorize(await scene.signIn())
  const first = await scene.refresh(scene.client, tokens.refresh_token as string)
  expect(first.status).toBe(200)
  expect(first.body.refresh_token).not.toBe(tokens.refresh_token)
  expect((await scene.userinfo(first.body.access_token)).status).toBe(200)
})
