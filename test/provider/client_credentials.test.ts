import { createPublicKey, type webcrypto } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newKeyPair } from '../../src/vault/signing_key_pairs.ts'
import { type ProviderScene, type SceneClient, startProviderScene } from './scene.ts'

/** Tokens of programs: the quick way and the library’s say the same. */

const API = 'https://api.example.org/'
const PROGRAM = {
  grant_types: ['client_credentials'],
  scopes: ['openid'],
  resources: [{ id: API, scopes: ['read', 'write'] }],
  access_token_ttl_s: 300,
}
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let scene: ProviderScene
let program: SceneClient
let poster: SceneClient

beforeAll(async () => {
  scene = await startProviderScene()
  program = await scene.makeClient('program', PROGRAM, { redirect_uris: [] })
  poster = await scene.makeClient('poster', { ...PROGRAM, auth_method: 'client_secret_post' }, { redirect_uris: [] })
})
afterAll(() => scene.stop())

/** `extra` is a parameter that neither knows: with it the request is the library’s. */
const token = (fields: Record<string, string> = {}, client = program, extra = false) =>
  scene.post('/token', client, { grant_type: 'client_credentials', ...fields, ...(extra ? { unknown: '1' } : {}) })

describe('the quick way and the library', () => {
  it.each([
    ['no scope', {}],
    ['a scope', { scope: 'read' }],
    ['two scopes, and one that is not the API’s', { scope: 'write read openid other' }],
    ['a scope that comes twice', { scope: 'read read' }],
    ['scopes of which the API has none', { scope: 'other' }],
    ['the API named', { resource: API, scope: 'read' }],
    ['another API', { resource: 'https://other.example.org/' }],
    ['no API', { resource: '' }],
    ['a scope with two spaces', { scope: 'read  write' }],
    ['an empty scope', { scope: '' }],
    ['a character that no scope has', { scope: 'ré' }],
  ])('say the same with %s', async (_, fields) => {
    const [quick, library] = await Promise.all([token(fields), token(fields, program, true)])
    expect(shape(quick)).toEqual(shape(library))
  })

  it.each([
    ['a wrong secret', { secret: `ocs_${'x'.repeat(43)}` }],
    ['an application that is not known', { id: 'nobody' }],
    ['one that may not', { id: 'app' }],
  ])('say the same to %s', async (_, other) => {
    const client = { ...program, ...other }
    const [quick, library] = await Promise.all([token({}, client), token({}, client, true)])
    expect(shape(quick)).toEqual(shape(library))
    expect(quick.body.access_token).toBeUndefined()
  })

  it('take the secret by either way, and not by both', async () => {
    const fields = { client_id: poster.id, client_secret: poster.secret, grant_type: 'client_credentials' }
    expect((await scene.post('/token', null, fields)).status).toBe(200)
    expect((await scene.post('/token', poster, fields)).body.error).toBe('invalid_request')
    expect(
      (await scene.post('/token', { ...poster, id: 'program' }, { ...fields, client_secret: undefined })).status,
    ).toBe(400)
  })

  it('T44 the token is a JWT of its kind (RFC 9068), for one API, by a key that is published', async () => {
    const { access_token } = (await token({ scope: 'read' })).body
    const [jwks, own] = await Promise.all([
      scene.get('/jwks'),
      fetch(`${scene.gate.url}/.well-known/jwks.json`).then((answer) => answer.json() as Promise<{ keys: Jwk[] }>),
    ])
    const { alg, typ, kid } = decodeProtectedHeader(access_token)
    expect({ alg, typ }).toEqual({ alg: 'ES256', typ: 'at+jwt' })
    const key = jwks.body.keys.find((one: Jwk) => one.kid === kid)
    expect(key).toEqual(own.keys.find((one) => one.kid === kid))
    expect(key.d).toBeUndefined()
    await compactVerify(access_token, createPublicKey({ key, format: 'jwk' }))
    const { jti, iat, exp, ...claims } = decodeJwt(access_token)
    expect(claims).toEqual({ iss: scene.issuer, aud: API, sub: 'program', client_id: 'program', scope: 'read' })
    expect([typeof jti, (exp as number) - (iat as number)]).toEqual(['string', 300])
  })

  it('401 for the same token at userinfo: it is for another API', async () => {
    expect((await scene.userinfo((await token()).body.access_token)).status).toBe(401)
  })
})

type Jwk = webcrypto.JsonWebKey & { readonly kid: string }

describe('private_key_jwt (RFC 7523)', () => {
  it('200 once for each assertion, also for two at once; 401 with another audience or algorithm', async () => {
    const pair = await newKeyPair('ES256')
    const jwks = { keys: [{ ...pair.publicJwk, kid: 'k1' }] }
    await scene.makeClient('prover', { ...PROGRAM, auth_method: 'private_key_jwt', jwks }, { redirect_uris: [] })
    const key = await importJWK({ ...pair.privateJwk }, 'ES256')
    const assertion = (audience: string, jti: string) =>
      new SignJWT({ jti })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer('prover')
        .setSubject('prover')
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(key)
    const send = (client_assertion: string) =>
      scene.post('/token', null, {
        grant_type: 'client_credentials',
        client_assertion,
        client_assertion_type: ASSERTION,
      })
    const one = await assertion(scene.issuer, 'one')
    const answers = await Promise.all([send(one), send(one)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
    expect((await send(one)).body.error).toBe('invalid_client')
    expect((await send(await assertion('https://other.example.org', 'two'))).status).toBe(401)
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${one.split('.')[1]}.`
    expect((await send(none)).status).toBe(401)
  })
})

function shape({ status, body }: { status: number; body: Record<string, unknown> }) {
  if (typeof body.access_token !== 'string') return { status, ...body }
  const isJwt = body.access_token.split('.').length === 3
  const { access_token, ...rest } = body
  const claims = isJwt ? decodeJwt(access_token) : {}
  const life = isJwt ? (claims.exp as number) - (claims.iat as number) : null
  const { alg, typ, kid } = isJwt ? decodeProtectedHeader(access_token) : {}
  return {
    status,
    ...rest,
    header: { alg, typ, kid },
    claims: { ...claims, jti: typeof claims.jti, iat: 0, exp: life },
  }
}
