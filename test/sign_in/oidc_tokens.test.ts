import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RedirectMethod, SignInRefused } from '../../src/sign_in/method.ts'
import type { Forgery } from '../support/vendors/oidc_provider_forgery.ts'
import { signingKeys } from '../support/vendors/oidc_provider_forgery.ts'
import {
  begin,
  finish,
  type MethodBench,
  methodBench,
  signIn,
  visit,
  whole,
} from '../support/vendors/oidc_provider_method.ts'
import type { PeopleProvider } from '../support/vendors/oidc_provider_people.ts'
import { startProConnect } from '../support/vendors/proconnect.ts'

const BACK = 'http://127.0.0.1:4020/sign-in/proconnect/callback'
const seconds = () => Math.floor(Date.now() / 1000)

let bench: MethodBench
let provider: PeopleProvider
let method: RedirectMethod
beforeAll(async () => {
  provider = await startProConnect({ redirectUris: [BACK] })
  bench = methodBench()
  method = bench.open(provider, { preset: 'proconnect' })
})
afterEach(() => provider.calm())
afterAll(async () => {
  await bench.close()
  await provider.stop()
})

/** What came of a sign-in, and everything that a log would be told of it. */
async function refusal(opened = method, at = provider): Promise<{ error: unknown; told: string }> {
  const begun = await begin(opened, at)
  const query = await visit(begun, 'camille')
  const error = await finish(opened, begun, query).catch((thrown: unknown) => thrown)
  const told = whole(error)
  for (const secret of [query.code ?? '', begun.keep.nonce ?? '', begun.keep.verifier ?? '', 'eyJ', at.client.secret])
    expect(told).not.toContain(secret)
  return { error, told }
}

it('unforged, it is taken', async () => {
  expect((await signIn(method, provider, 'camille')).subject).toBe('pc-camille')
})

/** Each is signed by the provider's own key, so that nothing but what is named is wrong. */
const WRONG_CLAIMS: readonly (readonly [string, Forgery['claims']])[] = [
  ['another nonce', { nonce: 'x'.repeat(43) }],
  ['no nonce', { nonce: undefined }],
  ['another issuer', { iss: 'https://elsewhere.example' }],
  ['the issuer with a slash more', { iss: 'SLASH' }],
  ['no issuer', { iss: undefined }],
  ['another audience', { aud: 'somebody-else' }],
  ['no audience', { aud: undefined }],
  ['two audiences without azp', { aud: ['octroi-proconnect', 'another'] }],
  ['azp of another client', { azp: 'another' }],
  ['an exp that is past', { exp: 1_600_000_000 }],
  ['no exp', { exp: undefined }],
  ['an exp that is text', { exp: '9999999999' }],
  ['an iat of the future', { iat: 9_999_999_999 }],
  ['no iat', { iat: undefined }],
  ['an nbf of the future', { nbf: 9_999_999_999 }],
  ['an at_hash of another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ['no sub', { sub: undefined }],
  ['an empty sub', { sub: '' }],
  ['a sub that is a number', { sub: 154 }],
  ['a sub of 300 characters', { sub: 'x'.repeat(300) }],
]

describe('B-32 an id_token is refused with', () => {
  it.each(WRONG_CLAIMS)('%s', async (_, claims) => {
    const iss = claims?.iss === 'SLASH' ? { iss: `${provider.issuer}/` } : {}
    provider.forge.idToken = { claims: { ...claims, ...iss } }
    const { error } = await refusal()
    expect(error).toBeInstanceOf(SignInRefused)
    expect(error).toMatchObject({ reason: 'untrusted', status: 400 })
  })

  it('RS256 where ES256 was registered, though the key is the provider’s', async () => {
    provider.forge.idToken = { header: { alg: 'RS256' } }
    expect((await refusal()).error).toMatchObject({ reason: 'untrusted' })
  })

  it('none at all', async () => {
    provider.forge.idToken = { header: { alg: 'none' }, key: 'none' }
    expect((await refusal()).error).toMatchObject({ reason: 'untrusted' })
  })

  it('a clock half a minute off is no fault', async () => {
    provider.forge.idToken = { claims: { exp: seconds() - 10, iat: seconds() + 10 } }
    expect((await signIn(method, provider, 'camille')).subject).toBe('pc-camille')
  })
})

const foreign = signingKeys('foreign')
const publicJwk = { ...foreign.jwks[1], d: undefined }

describe('T44 signatures', () => {
  const FORGED: readonly (readonly [string, Forgery])[] = [
    ['alg none', { header: { alg: 'none' }, key: 'none' }],
    ['alg None', { header: { alg: 'None' }, key: 'none' }],
    ['no signature under the right alg', { key: 'none' }],
    ['a key that nobody publishes', { key: 'stranger' }],
    ['a key of its own in the header (jwk)', { header: { jwk: publicJwk, kid: undefined }, key: 'stranger' }],
    ['keys elsewhere (jku)', { header: { jku: 'https://evil.example/jwks' }, key: 'stranger' }],
    ['a certificate elsewhere (x5u)', { header: { x5u: 'https://evil.example/x5' }, key: 'stranger' }],
    ['a kid that climbs', { header: { kid: '../../../../dev/null' }, key: 'stranger' }],
    ['the type of an access token', { header: { typ: 'at+jwt' } }],
    ['the type of a logout token', { header: { typ: 'logout+jwt' } }],
    ['a type that is no text', { header: { typ: ['JWT'] } }],
    ['a critical extension', { header: { crit: ['exp'], exp: 1 } }],
    ['an unencoded payload (b64)', { header: { b64: false, crit: ['b64'] } }],
  ]
  it.each(FORGED)('%s is refused', async (_, forgery) => {
    provider.forge.idToken = forgery
    const { error } = await refusal()
    expect(error).toMatchObject({ name: 'SignInRefused', reason: 'untrusted' })
  })

  describe('HS256', () => {
    it('made with the published RSA key is refused, whatever was registered', async () => {
      const other = await startProConnect({ redirectUris: [BACK], idTokenAlg: 'RS256' })
      try {
        const opened = bench.open(other, { preset: 'proconnect', id_token_signed_response_alg: 'RS256' })
        other.forge.idToken = { header: { alg: 'HS256' }, key: 'public' }
        expect((await refusal(opened, other)).error).toMatchObject({ reason: 'untrusted' })
        const symmetric = bench.open(other, { preset: 'proconnect', id_token_signed_response_alg: 'HS256' })
        expect((await refusal(symmetric, other)).error).toMatchObject({ reason: 'untrusted' })
      } finally {
        await other.stop()
      }
    })

    it('with another secret is refused where HS256 was registered', async () => {
      const other = await startProConnect({ redirectUris: [BACK], idTokenAlg: 'HS256' })
      try {
        const opened = bench.open(other, { preset: 'proconnect', id_token_signed_response_alg: 'HS256' })
        other.forge.idToken = { key: 'stranger' }
        expect((await refusal(opened, other)).error).toMatchObject({ reason: 'untrusted' })
        other.forge.idToken = {}
        expect((await signIn(opened, other, 'camille')).subject).toBe('pc-camille')
      } finally {
        await other.stop()
      }
    })
  })
})

describe('B-33 userinfo is refused with', () => {
  const FORGED: readonly (readonly [string, Forgery])[] = [
    ['another sub', { claims: { sub: 'pc-dominique' } }],
    ['no sub', { claims: { sub: undefined } }],
    ['another issuer', { claims: { iss: 'https://elsewhere.example' } }],
    ['no issuer', { claims: { iss: undefined } }],
    ['another audience', { claims: { aud: 'somebody-else' } }],
    ['another algorithm', { header: { alg: 'RS256' } }],
    ['no signature', { header: { alg: 'none' }, key: 'none' }],
    ['a key that nobody publishes', { key: 'stranger' }],
    ['the type of an access token', { header: { typ: 'at+jwt' } }],
  ]
  it.each(FORGED)('%s, as application/jwt', async (_, forgery) => {
    provider.forge.userinfo = forgery
    expect((await refusal()).error).toMatchObject({ name: 'SignInRefused', reason: 'untrusted' })
  })

  it('another sub, as JSON', async () => {
    const plain = await startProConnect({ redirectUris: [BACK], userinfo: 'json' })
    try {
      plain.forge.userinfo = { claims: { sub: 'pc-dominique' } }
      const opened = bench.open(plain, { preset: 'proconnect', userinfo: 'json' })
      expect((await refusal(opened, plain)).error).toMatchObject({ reason: 'untrusted' })
    } finally {
      await plain.stop()
    }
  })

  it('how the person proved himself is read in the id_token alone', async () => {
    provider.forge.userinfo = { claims: { acr: 'eidas3', amr: ['mfa'], auth_time: 1 } }
    const proof = await signIn(method, provider, 'camille')
    expect([proof.acr, proof.amr]).toEqual(['eidas1', ['fed']])
    expect(Date.parse(proof.authTime)).toBeGreaterThan(1_700_000_000_000)
  })
})
