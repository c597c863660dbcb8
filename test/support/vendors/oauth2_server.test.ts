import { createHash, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { basic, call, testClock } from './calling.ts'
import { JWT_BEARER, type OAuth2Server, startOAuth2Server } from './oauth2_server.ts'
import { rsaPair, signedJwt } from './rsa_pair.ts'

let server: OAuth2Server
const clock = testClock()
const REDIRECT = 'https://gate.example/connect/callback'
const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

beforeEach(async () => {
  clock.set('2026-11-21T12:00:00Z')
  server = await startOAuth2Server({ now: clock.now, settings: { redirectUris: [REDIRECT] } })
})
afterEach(() => server.stop())

const authorize = async (parameters: Record<string, string> = {}) => {
  const query = new URLSearchParams({
    client_id: server.clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'read',
    state: 'st',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...parameters,
  })
  const answer = await call(`GET ${server.url}/authorize?${query}`)
  return { status: answer.status, back: new URL(answer.headers.get('location') ?? 'none:').searchParams }
}
const escaped = () => basic(encodeURIComponent(server.clientId), encodeURIComponent(server.clientSecret))
const token = (form: Record<string, string>, authorization = escaped()) =>
  call(`POST ${server.url}/token`, { form, headers: authorization ? { Authorization: authorization } : {} })
const exchange = async (fields: Record<string, string> = {}) => {
  const code = (await authorize()).back.get('code') ?? ''
  return token({
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    ...fields,
  })
}
const refresh = (refreshToken: string) => token({ grant_type: 'refresh_token', refresh_token: refreshToken })
const login = (form: Record<string, string> = {}, authorization?: string) =>
  token({ grant_type: 'client_credentials', ...form }, authorization)
const resource = (accessToken: string, path = 'resource') =>
  call(`GET ${server.url}/${path}`, { headers: { Authorization: `Bearer ${accessToken}` } })

describe('authorization', () => {
  it('state and iss come back; both can be wrong or missing', async () => {
    const seen = async () => {
      const { back } = await authorize()
      return [back.get('state'), back.get('iss')]
    }
    expect(await seen()).toEqual(['st', server.url])
    Object.assign(server.settings, { state: 'changed', iss: 'wrong' })
    expect(await seen()).toEqual(['stx', 'https://attacker.example'])
    Object.assign(server.settings, { state: 'absent', iss: 'absent' })
    expect(await seen()).toEqual([null, null])
  })

  it('400 without a redirect for an address that is not registered; errors go back', async () => {
    expect((await authorize({ redirect_uri: `${REDIRECT}/x` })).status).toBe(400)
    expect((await authorize({ code_challenge_method: 'plain' })).back.get('error')).toBe('invalid_request')
    expect((await authorize({ code_challenge: '' })).back.get('error')).toBe('invalid_request')
    expect((await authorize({ scope: 'admin' })).back.get('error')).toBe('invalid_scope')
    server.settings.signInError = 'access_denied'
    expect((await authorize()).back.get('error')).toBe('access_denied')
  })

  it('invalid_grant for another verifier or redirect; a code that comes again kills what it gave', async () => {
    expect((await exchange({ code_verifier: 'w'.repeat(43) })).body.error).toBe('invalid_grant')
    expect((await exchange({ redirect_uri: 'https://gate.example/' })).body.error).toBe('invalid_grant')
    const code = (await authorize()).back.get('code') ?? ''
    const { access_token } = (await exchange({ code })).body
    expect((await resource(access_token)).body).toMatchObject({ subject: 'user-1', scope: 'read' })
    expect((await exchange({ code })).body.error).toBe('invalid_grant')
    expect((await resource(access_token)).status).toBe(401)
  })
})

describe('ways of some vendors', () => {
  it('without PKCE where it is optional, but a challenge that was given is kept to', async () => {
    const plain = { code_challenge: '', code_challenge_method: '' }
    server.settings.pkce = 'optional'
    expect((await authorize(plain)).back.get('error')).toBe('invalid_request')
    expect((await exchange({ code_verifier: 'wrong' })).status).toBe(400)
    const query = new URLSearchParams({ client_id: server.clientId, redirect_uri: REDIRECT, response_type: 'code' })
    const { headers } = await call(`GET ${server.url}/oauth/authorize?${query}`)
    const code = new URL(headers.get('location') ?? '').searchParams.get('code') ?? ''
    expect((await exchange({ code })).status).toBe(200)
  })

  it('invalid_grant unless the exchange repeats the state, where that is asked for', async () => {
    server.settings.stateInExchange = true
    expect((await exchange()).body.error).toBe('invalid_grant')
    expect((await exchange({ state: 'other' })).body.error).toBe('invalid_grant')
    const { access_token } = (await exchange({ state: 'st' })).body
    expect((await resource(access_token, 'companies')).body[0].slug).toBe('nord-as')
  })

  it('jwt-bearer for another audience, at another address, and without sub only if that is allowed', async () => {
    const exp = clock.now() / 1000 + 60
    const grant = (claims: object) =>
      call(`POST ${server.url}/services/oauth2/token`, {
        form: {
          grant_type: JWT_BEARER,
          assertion: signedJwt({ iss: server.assertionIssuer, exp, ...claims }, server.assertionKey.privateKey),
        },
      })
    server.settings.audience = 'account.example'
    expect((await grant({ sub: 'u', aud: server.url })).body.error).toBe('invalid_grant')
    expect((await grant({ sub: 'u', aud: 'account.example', scope: 'admin' })).body.error).toBe('invalid_scope')
    expect((await grant({ aud: 'account.example' })).body.error).toBe('invalid_grant')
    Object.assign(server.settings, { subjectOptional: true, identity: { base_uri: 'https://eu.example' } })
    const { access_token } = (await grant({ aud: 'account.example' })).body
    const me = await resource(access_token, 'oauth/userinfo')
    expect(me.body).toMatchObject({ sub: server.assertionIssuer, base_uri: 'https://eu.example' })
  })
})

describe('refresh', () => {
  it('rotating: a spent token kills the family, its access tokens as well', async () => {
    const first = (await exchange()).body
    const second = (await refresh(first.refresh_token)).body
    expect((await resource(second.access_token)).status).toBe(200)
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(second.refresh_token)).body.error).toBe('invalid_grant')
    expect((await resource(second.access_token)).status).toBe(401)
    expect([server.requested('refresh_token'), server.granted('refresh_token'), server.familiesKilled()]).toEqual([
      3, 1, 1,
    ])
  })

  it('rotating: an answer that is lost has spent the token', async () => {
    const { refresh_token } = (await exchange()).body
    server.failTokens(1, 'lose')
    await expect(refresh(refresh_token)).rejects.toThrow()
    expect((await refresh(refresh_token)).body.error).toBe('invalid_grant')
  })

  it('keep gives the same one, omit gives none; both stay good until their time is over', async () => {
    const { refresh_token } = (await exchange()).body
    server.settings.rotation = 'keep'
    expect((await refresh(refresh_token)).body.refresh_token).toBe(refresh_token)
    server.settings.rotation = 'omit'
    expect('refresh_token' in (await refresh(refresh_token)).body).toBe(false)
    clock.advance(30 * 86_400)
    expect((await refresh(refresh_token)).body.error).toBe('invalid_grant')
  })
})

describe('client authentication', () => {
  const assertion = (claims: object = {}, key = server.clientKey.privateKey) => {
    const { clientId } = server
    const exp = clock.now() / 1000 + 60
    const own = { iss: clientId, sub: clientId, aud: `${server.url}/token`, exp, jti: randomUUID(), ...claims }
    return {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: signedJwt(own, key),
    }
  }

  it('401 invalid_client by any way but the registered one', async () => {
    const { clientId, clientSecret, settings } = server
    const ways = {
      basic: () => login(),
      post: () => login({ client_id: clientId, client_secret: clientSecret }, ''),
      private_key_jwt: () => login(assertion(), ''),
      none: () => login({ client_id: clientId }, ''),
    }
    const methods = Object.keys(ways) as (keyof typeof ways)[]
    for (const registered of methods) {
      settings.clientAuth = registered
      const statuses = []
      for (const method of methods) statuses.push((await ways[method]()).status)
      expect(statuses).toEqual(methods.map((method) => (method === registered ? 200 : 401)))
    }
  })

  it('401 for a wrong secret or one that is not escaped; 400 for two ways at once', async () => {
    expect((await login({}, basic(server.clientId, 'wrong'))).body.error).toBe('invalid_client')
    expect((await login({}, basic(server.clientId, server.clientSecret))).status).toBe(401)
    const both = await login({ client_id: server.clientId, client_secret: server.clientSecret })
    expect([both.status, both.body.error]).toEqual([400, 'invalid_request'])
  })

  it('401 for an assertion that is over, for others, by another key, or seen before', async () => {
    server.settings.clientAuth = 'private_key_jwt'
    const status = async (fields: Record<string, string>) => (await login(fields, '')).status
    const good = assertion()
    expect([await status(good), await status(good)]).toEqual([200, 401])
    const wrong = [{ exp: clock.now() / 1000 - 1 }, { aud: 'https://other.example' }, { sub: 'x' }, { jti: undefined }]
    for (const claims of wrong) expect(await status(assertion(claims))).toBe(401)
    expect(await status(assertion({}, rsaPair().privateKey))).toBe(401)
  })
})

describe('answers', () => {
  it.each([
    ['seconds', { expires_in: 3600 }],
    ['milliseconds', { expires_in: 3_600_000 }],
    ['string', { expires_in: '3600' }],
    ['expires_at', { expires_at: Date.parse('2026-11-21T13:00:00Z') / 1000 }],
    ['absent', {}],
  ] as const)('expiry %s is %j', async (expiry, members) => {
    server.settings.expiry = expiry
    const { expires_in, expires_at } = (await login()).body
    expect({ ...(expires_in && { expires_in }), ...(expires_at && { expires_at }) }).toEqual(members)
  })

  it('more members and parameters than asked for, and an error that was asked for', async () => {
    const { settings } = server
    Object.assign(settings, { extra: { instance_url: 'https://eu.example' }, callbackExtra: { realmId: '42' } })
    expect((await login()).body.instance_url).toBe('https://eu.example')
    expect((await authorize()).back.get('realmId')).toBe('42')
    const { refresh_token } = (await exchange()).body
    settings.tokenError = 'consent_required'
    expect(await login()).toMatchObject({ status: 400, body: { error: 'consent_required' } })
    expect((await refresh(refresh_token)).body.error).toBe('consent_required')
    settings.tokenError = undefined
    expect((await refresh(refresh_token)).status).toBe(200)
  })

  it('a status that was asked for, and when to come again', async () => {
    server.failTokens(1, 429)
    const busy = await login()
    expect([busy.status, busy.headers.get('retry-after'), (await login()).status]).toEqual([429, '7', 200])
  })

  it('nested, renamed, and an error in a 200', async () => {
    Object.assign(server.settings, {
      nest: ['data', 'token'],
      names: { access_token: 'accessToken' },
      errorStatus: 200,
    })
    const { accessToken } = (await login()).body.data.token
    expect((await resource(accessToken, 'whoami')).body.sub).toBe(server.clientId)
    const refused = await refresh('unknown')
    expect([refused.status, refused.body.error]).toEqual([200, 'invalid_grant'])
  })
})

describe('other grants and the resource', () => {
  it('jwt-bearer: signature, issuer, audience and exp are verified', async () => {
    const claims = {
      iss: server.assertionIssuer,
      sub: 'robot',
      aud: `${server.url}/token`,
      exp: clock.now() / 1000 + 60,
    }
    const grant = (changed: object = {}, key = server.assertionKey.privateKey) =>
      token({ grant_type: JWT_BEARER, scope: 'read', assertion: signedJwt({ ...claims, ...changed }, key) }, '')
    const { access_token, refresh_token } = (await grant()).body
    expect([(await resource(access_token)).body.subject, refresh_token]).toEqual(['robot', undefined])
    const wrong = [{ iss: 'x' }, { aud: 'x' }, { exp: clock.now() / 1000 - 1 }, { exp: clock.now() / 1000 + 3601 }]
    for (const changed of wrong) expect((await grant(changed)).body.error).toBe('invalid_grant')
    expect((await grant({}, server.clientKey.privateKey)).body.error).toBe('invalid_grant')
    expect([server.requested(JWT_BEARER), server.granted(JWT_BEARER)]).toEqual([6, 1])
  })

  it('401 at the end of the access token, and after revocation, which wants a client', async () => {
    const { access_token, refresh_token } = (await exchange()).body
    expect((await resource(access_token, 'accounts')).body.accounts).toHaveLength(2)
    const revoke = (Authorization: string) =>
      call(`POST ${server.url}/revoke`, { form: { token: refresh_token }, headers: { Authorization } })
    expect([(await revoke(basic('x', 'y'))).status, (await resource(access_token)).status]).toEqual([401, 200])
    expect([(await revoke(escaped())).status, (await resource(access_token)).status]).toEqual([200, 401])
    expect((await refresh(refresh_token)).body.error).toBe('invalid_grant')
    const short = (await login()).body.access_token
    clock.advance(3600)
    expect((await resource(short)).headers.get('www-authenticate')).toContain('invalid_token')
  })
})
