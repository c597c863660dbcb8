import { generateKeyPairSync } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openOidc } from '../../src/sign_in/methods/oidc.ts'
import {
  begin,
  finish,
  type MethodBench,
  methodBench,
  methodRow,
  signIn,
  visit,
} from '../support/vendors/oidc_provider_method.ts'
import type { PeopleProvider } from '../support/vendors/oidc_provider_people.ts'
import { startPlainProvider } from '../support/vendors/oidc_provider_plain.ts'

const BACK = 'http://127.0.0.1:4020/sign-in/keycloak/callback'

let bench: MethodBench
let provider: PeopleProvider
const open = (settings: object = {}) => bench.open(provider, settings)
beforeAll(async () => {
  provider = await startPlainProvider([BACK], { postLogoutRedirectUris: ['http://127.0.0.1:4020/session/signed-out'] })
  bench = methodBench()
})
afterEach(() => {
  provider.calm()
  provider.requests.length = 0
})
afterAll(async () => {
  await bench.close()
  await provider.stop()
})

describe('any provider, by discovery', () => {
  it('S3-02 to S3-06 from the button to the claims, with nothing but issuer, client and secret', async () => {
    const proof = await signIn(open(), provider, 'alix')
    expect(proof).toMatchObject({
      issuer: provider.issuer,
      subject: 'plain-alix',
      amr: ['fed'],
      claims: {
        name: 'Alix Martin',
        email: 'Alix@Example.org',
        emailVerified: false,
        groups: null,
        organizations: null,
      },
    })
    const asked = provider.requests.map(({ method, url }) => `${method} ${url.split('?')[0]}`)
    expect(asked.filter((line) => /token|me$/.test(line))).toEqual(['POST /token', 'GET /me'])
  })

  it('the secret goes as Basic, the language as ui_locales', async () => {
    const method = open()
    const begun = await begin(method, provider)
    expect(begun.url.searchParams.get('ui_locales')).toBe('fr')
    await finish(method, begun, await visit(begun, 'alix'))
    expect(provider.requests.find(({ url }) => url === '/token')?.header('authorization')).toMatch(/^Basic /)
  })

  it('userinfo: none takes what the id_token says', async () => {
    provider.forge.idToken = { claims: { name: 'Of the token' } }
    const proof = await signIn(open({ userinfo: 'none' }), provider, 'alix')
    expect(proof.claims.name).toBe('Of the token')
    expect(provider.requests.some(({ url }) => url.startsWith('/me'))).toBe(false)
  })

  it('private_key_jwt', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'ours' }] }
    const other = await startPlainProvider([BACK], { authMethod: 'private_key_jwt', jwks })
    const settings = {
      issuer: other.issuer,
      client_id: other.client.id,
      token_endpoint_auth_method: 'private_key_jwt',
      private_key_id: 'ours',
    }
    try {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      const method = openOidc(methodRow(settings), { private_key: pem }, bench.parts)
      expect((await signIn(method, other, 'alix')).subject).toBe('plain-alix')
      expect(other.requests.find(({ url }) => url === '/token')?.header('authorization')).toBeUndefined()
    } finally {
      await other.stop()
    }
  })
})

describe('B-34 the old shape: DataPass and MonComptePro', () => {
  it('organizations as a list, a numeric sub on both sides', async () => {
    provider.forge.idToken = { claims: { sub: 154 } }
    provider.forge.userinfo = { claims: { sub: 154 } }
    const proof = await signIn(open({ preset: 'datapass' }), provider, 'alix')
    expect(proof.subject).toBe('154')
    expect(proof.claims.organizations).toEqual([
      { siret: '13002526500013', label: 'DINUM' },
      { siret: '21750001600019', label: 'Ville de Paris' },
    ])
  })

  it('a numeric sub in userinfo alone is the same one; another number is refused', async () => {
    provider.forge.idToken = { claims: { sub: '154' } }
    provider.forge.userinfo = { claims: { sub: 154 } }
    expect((await signIn(open({ preset: 'datapass' }), provider, 'alix')).subject).toBe('154')
    provider.forge.userinfo = { claims: { sub: 155 } }
    await expect(signIn(open({ preset: 'datapass' }), provider, 'alix')).rejects.toMatchObject({ reason: 'untrusted' })
  })

  it.each([
    ['nonce', { nonce: 'x'.repeat(43) }],
    ['iss', { iss: 'https://evil.example' }],
    ['aud', { aud: 'another' }],
    ['exp', { exp: 1_600_000_000 }],
  ])('and its id_token is checked like any other: %s', async (_, claims) => {
    provider.forge.idToken = { claims: { sub: 154, ...claims } }
    provider.forge.userinfo = { claims: { sub: 154 } }
    await expect(signIn(open({ preset: 'datapass' }), provider, 'alix')).rejects.toMatchObject({ reason: 'untrusted' })
  })

  it('S3-06 somebody without an organization belongs to none, which is not the same as nothing said', async () => {
    provider.forge.userinfo = { claims: { organizations: undefined } }
    expect((await signIn(open({ preset: 'datapass' }), provider, 'alix')).claims.organizations).toEqual([])
  })
})

describe('groups', () => {
  const group_map = { '/finance': 'finance', admins: 'admins' }

  it('those that are mapped, with the range of the map', async () => {
    const proof = await signIn(open({ preset: 'keycloak', group_map }), provider, 'alix')
    expect(proof.claims.groups).toEqual({ named: ['finance'], range: ['finance', 'admins'] })
  })

  it('without the claim, none: what the provider no longer says is taken away', async () => {
    provider.forge.userinfo = { claims: { groups: undefined } }
    const proof = await signIn(open({ preset: 'keycloak', group_map }), provider, 'alix')
    expect(proof.claims.groups).toEqual({ named: [], range: ['finance', 'admins'] })
  })

  it('names as the keys of an object (Zitadel)', async () => {
    const settings = { claims: { groups: '/roles' }, group_map: { editor: 'editors' } }
    expect((await signIn(open(settings), provider, 'alix')).claims.groups?.named).toEqual(['editors'])
  })
})

describe('T28 addresses', () => {
  it('verified only where trusted and said as a boolean', async () => {
    const trusting = open({ trust_email: true })
    expect((await signIn(trusting, provider, 'alix')).claims.emailVerified).toBe(true)
    expect((await signIn(trusting, provider, 'eve')).claims.emailVerified).toBe(false)
  })

  it('allowed_domains: only verified addresses of these', async () => {
    const method = open({ trust_email: true, allowed_domains: ['example.org'] })
    expect((await signIn(method, provider, 'alix')).subject).toBe('plain-alix')
    const refused = { name: 'SignInRefused', reason: 'not_allowed', status: 403 }
    await expect(signIn(method, provider, 'eve')).rejects.toMatchObject(refused)
    provider.forge.userinfo = { claims: { email: 'alix@example.org.evil.example' } }
    await expect(signIn(method, provider, 'alix')).rejects.toMatchObject(refused)
  })
})

describe('Google and Microsoft: one organisation', () => {
  it('hd is asked for, and required of the id_token', async () => {
    const method = open({ hosted_domain: 'example.org' })
    const begun = await begin(method, provider)
    expect(begun.url.searchParams.get('hd')).toBe('example.org')
    // In userinfo alone it is worth nothing.
    await expect(finish(method, begun, await visit(begun, 'alix'))).rejects.toMatchObject({ reason: 'not_allowed' })
    provider.forge.idToken = { claims: { hd: 'example.org' } }
    expect((await signIn(method, provider, 'alix')).subject).toBe('plain-alix')
    provider.forge.idToken = { claims: { hd: 'evil.example' } }
    await expect(signIn(method, provider, 'alix')).rejects.toMatchObject({ reason: 'not_allowed' })
  })

  it('tid must be the one directory', async () => {
    const tenant = '11111111-2222-3333-4444-555555555555'
    const method = open({ preset: 'microsoft', tenant, token_endpoint_auth_method: 'client_secret_basic' })
    provider.forge.idToken = { claims: { tid: tenant } }
    expect((await signIn(method, provider, 'alix')).subject).toBe('plain-alix')
    provider.forge.idToken = { claims: { tid: '99999999-2222-3333-4444-555555555555' } }
    await expect(signIn(method, provider, 'alix')).rejects.toMatchObject({ reason: 'not_allowed' })
  })
})

describe('proving oneself anew', () => {
  it('prompt=login and max_age=0; the auth_time of the answer is looked at', async () => {
    const method = open()
    const begun = await begin(method, provider, { fresh: true })
    expect([begun.url.searchParams.get('prompt'), begun.url.searchParams.get('max_age')]).toEqual(['login', '0'])
    const proof = await finish(method, begun, await visit(begun, 'alix'))
    expect(Math.abs(Date.now() - Date.parse(proof.authTime))).toBeLessThan(60_000)
  })

  it.each([
    ['an older auth_time', { auth_time: 1_700_000_000 }],
    ['none', { auth_time: undefined }],
    ['one that is text', { auth_time: '9999999999' }],
  ])('refused: %s', async (_, claims) => {
    provider.forge.idToken = { claims }
    const error = await signIn(open(), provider, 'alix', { fresh: true }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'SignInRefused', reason: expect.stringMatching(/too_weak|untrusted/) })
  })

  it('without it being asked for, auth_time is when the person last did', async () => {
    provider.forge.idToken = { claims: { auth_time: 1_700_000_000 } }
    expect((await signIn(open(), provider, 'alix')).authTime).toBe(new Date(1_700_000_000_000).toISOString())
  })

  it('acr_values as a parameter where the provider takes it so', async () => {
    const { url } = await begin(open({ acr_values: ['2', '3'] }), provider)
    expect(url.searchParams.get('acr_values')).toBe('2 3')
    expect(url.searchParams.has('claims')).toBe(false)
    const refused = signIn(open({ acr_values: ['2'] }), provider, 'alix')
    await expect(refused).rejects.toMatchObject({ reason: 'too_weak' })
  })
})
