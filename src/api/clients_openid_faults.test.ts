import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFields, startWorld, type World } from '../../test/api/world.ts'

let world: World
const APP = { name: 'Wiki', redirect_uris: ['https://wiki.example.org/cb'] }
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PRIVATE = privateKey.export({ format: 'jwk' })
const JWKS = { keys: [publicKey.export({ format: 'jwk' })] }
const OTHER = { keys: [generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })] }
const CLAIM = { claim: 'department', from: 'name', scope: 'profile' }

beforeAll(async () => {
  world = await startWorld({ OCTROI_PUBLIC_URL: 'https://octroi.example.org' })
  await world.must('clients.create', { body: { ...APP, id: 'wiki', openid: {} } })
  await world.must('clients.create', { body: { ...APP, id: 'plain' } })
})
afterAll(() => world.stop())

/** What is sent → the field that is named. What one operation refuses, the other one does. */
const WRONG: readonly (readonly [what: string, openid: object, field: string])[] = [
  ['an unknown member', { colour: 'red' }, 'openid.colour'],
  ['an unknown way to prove itself', { auth_method: 'client_secret_jwt' }, 'openid.auth_method'],
  ['keys without private_key_jwt', { jwks: JWKS }, 'openid.jwks'],
  ['private_key_jwt without keys', { auth_method: 'private_key_jwt' }, 'openid.jwks'],
  ['no key in the set', { auth_method: 'private_key_jwt', jwks: { keys: [] } }, 'openid.jwks.keys'],
  ['a private key', { auth_method: 'private_key_jwt', jwks: { keys: [PRIVATE] } }, 'openid.jwks.keys.0'],
  [
    'a shared key',
    { auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } },
    'openid.jwks.keys.0',
  ],
  ['keys that none can be checked with', { auth_method: 'private_key_jwt', jwks: OTHER }, 'openid.jwks'],
  ['none without PKCE', { auth_method: 'none', pkce: false }, 'openid.pkce'],
  [
    'none with client_credentials',
    { auth_method: 'none', grant_types: ['authorization_code', 'client_credentials'] },
    'openid.grant_types',
  ],
  ['no grant', { grant_types: [] }, 'openid.grant_types'],
  ['a grant of old', { grant_types: ['password'] }, 'openid.grant_types.0'],
  ['refresh_token of nobody', { grant_types: ['refresh_token', 'client_credentials'] }, 'openid.grant_types'],
  ['people without openid', { scopes: ['email'] }, 'openid.scopes'],
  ['an algorithm of a shared secret', { id_token_alg: 'HS256' }, 'openid.id_token_alg'],
  ['no algorithm', { id_token_alg: null }, 'openid.id_token_alg'],
  ['no scope', { scopes: [] }, 'openid.scopes'],
  ['a scope of nobody’s', { scopes: ['openid', 'address'] }, 'openid.scopes.1'],
  ['an address from anywhere', { email: { from: 'any' } }, 'openid.email.from'],
  ['a whole address', { email: { from: 'x@example.org' } }, 'openid.email.from'],
  ['two domains', { email: { from: '@a.example@b.example' } }, 'openid.email.from'],
  ['a claim of the protocol', { claims: [{ ...CLAIM, claim: 'sub' }] }, 'openid.claims.0.claim'],
  ['the claim email', { claims: [{ ...CLAIM, claim: 'email' }] }, 'openid.claims.0.claim'],
  ['a claim twice', { claims: [CLAIM, { ...CLAIM, from: 'role' }] }, 'openid.claims.1.claim'],
  [
    'a claim inside another',
    {
      claims: [
        { ...CLAIM, claim: 'profile.name' },
        { ...CLAIM, claim: 'profile' },
      ],
    },
    'openid.claims.1.claim',
  ],
  ['a claim of nothing', { claims: [{ ...CLAIM, from: 'password' }] }, 'openid.claims.0.from'],
  ['a claim with a scope that it has not', { claims: [{ ...CLAIM, scope: 'groups' }] }, 'openid.claims.0.scope'],
  ['an age of nothing', { max_age_s: 0 }, 'openid.max_age_s'],
  ['a text for an age', { max_age_s: '1h' }, 'openid.max_age_s'],
  ['a relative API', { resources: [{ id: '/api' }] }, 'openid.resources.0.id'],
  ['an API twice', { resources: [{ id: 'urn:example:a' }, { id: 'urn:example:a' }] }, 'openid.resources.1.id'],
  ['our issuer for an API', { resources: [{ id: 'https://octroi.example.org/oidc' }] }, 'openid.resources.0.id'],
  [
    'a scope of ours for an API',
    { resources: [{ id: 'urn:example:a', scopes: ['x', 'email'] }] },
    'openid.resources.0.scopes.1',
  ],
  ['an access token of a second', { access_token_ttl_s: 1 }, 'openid.access_token_ttl_s'],
  ['an access token of a week', { access_token_ttl_s: 604_800 }, 'openid.access_token_ttl_s'],
  ['a refresh token of a minute', { refresh_token_ttl_s: 60 }, 'openid.refresh_token_ttl_s'],
  ['a refresh token for ever', { refresh_token_ttl_s: 31_536_001 }, 'openid.refresh_token_ttl_s'],
  ['logout in clear', { backchannel_logout_uri: 'http://93.184.215.14/' }, 'openid.backchannel_logout_uri'],
  ['logout with a fragment', { backchannel_logout_uri: 'https://93.184.215.14/#x' }, 'openid.backchannel_logout_uri'],
  ['a network for nothing', { network: { allow_private: true } }, 'openid.network'],
  ['a file for a CA', { network: { ca: '/etc/passwd' } }, 'openid.network.ca'],
]

describe.each(['clients.create', 'clients.update'] as const)('%s', (name) => {
  const send = (openid: unknown) =>
    name === 'clients.create'
      ? world.call(name, { body: { ...APP, openid } })
      : world.call(name, { params: { id: 'wiki' }, body: { openid } })

  it.each(WRONG)('400 with %s', async (_, openid, field) => {
    const answer = await send(openid)
    expectFields(answer, field)
    // What was given as a private key is not shown back.
    expect(JSON.stringify(answer.body)).not.toContain(PRIVATE.d)
    expect(JSON.stringify(answer.body)).not.toContain('c2VjcmV0')
  })
  it.each(['yes', 7, []])('400 with %j for it', async (openid) => expectFields(await send(openid), 'openid'))
  it('400 with logout at Octroi itself', async () => {
    const answer = await send({ backchannel_logout_uri: 'https://octroi.example.org/account' })
    expectFields(answer, 'openid.backchannel_logout_uri')
  })
})

describe('an application without an address', () => {
  it.each([
    ['no OpenID client', null],
    ['codes', {}],
  ])('400 with %s', async (_, openid) => {
    const answer = await world.call('clients.create', { body: { ...APP, redirect_uris: [], openid } })
    expectFields(answer, 'redirect_uris')
  })
  it('400 where codes come to be given', async () => {
    const openid = { grant_types: ['client_credentials'] }
    const { id } = await world.must('clients.create', { body: { name: 'Machine', openid } })
    const change = (body: object) => world.call('clients.update', { params: { id }, body })
    expectFields(await change({ openid: { grant_types: ['authorization_code'] } }), 'redirect_uris')
    expectFields(await change({ openid: null }), 'redirect_uris')
  })
  it('nothing of what was refused is there', async () => {
    const { openid } = await world.must('clients.get', { params: { id: 'wiki' } })
    expect(openid).toMatchObject({ auth_method: 'client_secret_basic', claims: [], resources: [], network: {} })
    expect((await world.must('clients.get', { params: { id: 'plain' } })).openid).toBeNull()
  })
})
