import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProviderScene, type SceneClient, startProviderScene } from './scene.ts'

/** What was given is good while its person, its session and its application are, and no longer. */

let scene: ProviderScene

beforeAll(async () => {
  scene = await startProviderScene()
})
afterAll(() => scene.stop())

let made = 0
async function someone(client?: SceneClient, scope = 'openid profile') {
  const login = `person-${++made}`
  await scene.person(login)
  const browser = await scene.signIn(login)
  const tokens = await scene.authorize(browser, { scope, ...(client === undefined ? {} : { client }) })
  return { login, browser, tokens, client: client ?? scene.client }
}

/** [userinfo, introspection, refresh], as they are answered. */
async function goodFor({ tokens, client }: Awaited<ReturnType<typeof someone>>) {
  const userinfo = await scene.userinfo(tokens.access_token)
  const introspected = await scene.post('/token/introspection', client, { token: tokens.access_token })
  const refreshed = await scene.refresh(client, tokens.refresh_token as string)
  return [userinfo.status, introspected.body.active ?? introspected.status, refreshed.body.error ?? refreshed.status]
}

describe('at once', () => {
  it('401 and invalid_grant when the account is disabled', async () => {
    const one = await someone()
    await scene.gate.api('POST', `/accounts/${one.login}/disable`)
    expect(await goodFor(one)).toEqual([401, false, 'invalid_grant'])
  })

  it('401 and invalid_grant when the session has ended', async () => {
    const one = await someone()
    await scene.gate.api('DELETE', `/accounts/${one.login}/sessions`)
    expect(await goodFor(one)).toEqual([401, false, 'invalid_grant'])
  })

  it('401 and invalid_grant when he may no longer use the application', async () => {
    const client = await scene.makeClient('for-some')
    const one = await someone(client)
    await scene.gate.api('PATCH', '/clients/for-some', { allow: { accounts: ['ada'] } })
    expect(await goodFor(one)).toEqual([401, false, 'invalid_grant'])
  })

  it('invalid_client when the application is switched off, and when it is no client of OpenID any more', async () => {
    const client = await scene.makeClient('going')
    const one = await someone(client)
    await scene.gate.api('PATCH', '/clients/going', { disabled: true })
    expect(await goodFor(one)).toEqual([401, 401, 'invalid_client'])
    await scene.gate.api('PATCH', '/clients/going', { disabled: false, openid: null })
    expect(await goodFor(one)).toEqual([401, 401, 'invalid_client'])
  })

  it('200 without the claims of a scope that was taken away', async () => {
    const client = await scene.makeClient('narrower')
    const one = await someone(client, 'openid profile email')
    expect((await scene.userinfo(one.tokens.access_token)).body.email).toBe(`${one.login}@example.org`)
    await scene.gate.api('PATCH', '/clients/narrower', { openid: { scopes: ['openid', 'profile'] } })
    const { status, body } = await scene.userinfo(one.tokens.access_token)
    expect([status, body.name, body.email]).toEqual([200, one.login, undefined])
  })
})

describe('offline_access', () => {
  it('200 after the session has ended, where the person agreed to it; dropped where prompt=consent is missing', async () => {
    const client = await scene.makeClient('offline', { first_party: true })
    const without = await someone(client, 'openid offline_access')
    expect(without.tokens.scope).toBe('openid')
  })
})

describe('an application of a stranger', () => {
  it('401 for its token at another’s introspection and revocation: nothing is told, nothing ends', async () => {
    const other = await scene.makeClient('stranger')
    const one = await someone()
    const introspected = await scene.post('/token/introspection', other, { token: one.tokens.access_token })
    expect(introspected.body).toEqual({ active: false })
    await scene.post('/token/revocation', other, { token: one.tokens.refresh_token as string })
    expect(await goodFor(one)).toEqual([200, true, 200])
  })

  it('200 for the revocation of its own, and what hangs on it is dead', async () => {
    const one = await someone()
    const revoked = await scene.post('/token/revocation', scene.client, { token: one.tokens.refresh_token as string })
    expect(revoked.status).toBe(200)
    expect(await goodFor(one)).toEqual([401, false, 'invalid_grant'])
  })
})

describe('ID tokens', () => {
  it('say who, when and how; what else he is stays at userinfo, unless the application wants it otherwise', async () => {
    const plain = await someone(undefined, 'openid profile email groups')
    expect(Object.keys(decodeJwt(plain.tokens.id_token as string)).sort()).toEqual(
      ['amr', 'at_hash', 'aud', 'auth_time', 'exp', 'iat', 'iss', 'sid', 'sub'].filter((name) => name !== 'at_hash'),
    )
    const client = await scene.makeClient('reads-id-tokens', { id_token_claims: true })
    const full = await someone(client, 'openid profile email groups')
    expect(decodeJwt(full.tokens.id_token as string)).toMatchObject({
      name: full.login,
      email: `${full.login}@example.org`,
      groups: [],
    })
  })

  it('are RS256 for an application that knows nothing else', async () => {
    const client = await scene.makeClient('old', { id_token_alg: 'RS256' })
    const { tokens } = await someone(client)
    const { alg, kid } = decodeProtectedHeader(tokens.id_token as string)
    const { body } = await scene.get('/jwks')
    expect([alg, body.keys.find((key: { kid: string }) => key.kid === kid)?.kty]).toEqual(['RS256', 'RSA'])
  })

  it('401 with an ID token in place of an access token (T44)', async () => {
    const { tokens } = await someone()
    expect((await scene.userinfo(tokens.id_token as string)).status).toBe(401)
  })
})

describe('claims of one application', () => {
  it('nest, take the place of standard ones, and never say who it is', async () => {
    const client = await scene.makeClient('shaped', {
      claims: [
        { claim: 'profile.name', from: 'name', scope: 'openid' },
        { claim: 'preferred_username', from: 'email', scope: 'profile' },
        { claim: 'team', from: 'groups', scope: 'groups' },
      ],
    })
    const one = await someone(client, 'openid profile email')
    const { body } = await scene.userinfo(one.tokens.access_token)
    expect(body).toMatchObject({
      sub: one.login,
      profile: { name: one.login },
      preferred_username: `${one.login}@example.org`,
    })
    expect(body.team).toBeUndefined()
  })
})

describe('the discovery document of one application', () => {
  it('200 with what it may use, 404 for one that there is not', async () => {
    await scene.makeClient('told', {
      scopes: ['openid', 'email'],
      grant_types: ['authorization_code'],
      auth_method: 'client_secret_post',
    })
    const { status, body } = await scene.get('/clients/told/.well-known/openid-configuration')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      issuer: scene.issuer,
      authorization_endpoint: `${scene.issuer}/auth`,
      token_endpoint: `${scene.issuer}/token`,
      scopes_supported: ['openid', 'email'],
      grant_types_supported: ['authorization_code'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    })
    expect(body.claims_supported).toContain('email')
    expect(body.claims_supported).not.toContain('groups')
    expect(body.device_authorization_endpoint).toBeUndefined()
    expect((await scene.get('/clients/nobody/.well-known/openid-configuration')).status).toBe(404)
  })

  it('200 at the address that RFC 8414 makes of the issuer', async () => {
    const answer = await fetch(`${scene.gate.url}/.well-known/oauth-authorization-server/oidc`)
    expect(await answer.json()).toEqual((await scene.get('/.well-known/openid-configuration')).body)
  })
})
