import fc from 'fast-check'
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { OctroiError } from '../../core/errors.ts'
import { SignInRefused } from '../method.ts'
import { checkIdToken, type ExpectedJwt, verifiedJwt } from './oidc_jwt.ts'

const ISSUER = 'https://id.example.org'
const NOW = 1_800_000_000_000

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
let pairs: Pair[]
let published: JSONWebKeySet
beforeAll(async () => {
  pairs = await Promise.all([1, 2, 3].map(() => generateKeyPair('ES256', { extractable: true })))
  const jwks = await Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey)))
  published = { keys: jwks.map((jwk, i) => ({ ...jwk, kid: `key-${i}` })) }
})

const expected = (more: Partial<ExpectedJwt> = {}): ExpectedJwt => ({
  algorithm: 'ES256',
  issuer: ISSUER,
  audience: 'octroi',
  secret: undefined,
  keys: async () => published,
  now: NOW,
  ...more,
})
const signed = (pair: Pair, header: object = {}, claims: object = {}) =>
  new SignJWT({ iss: ISSUER, aud: 'octroi', sub: 'x', ...claims })
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(pair.privateKey)

describe('keys', () => {
  it('without a kid each published key is tried', async () => {
    const jwt = await signed(pairs[2] as Pair)
    expect(await verifiedJwt(jwt, 'It', expected())).toMatchObject({ sub: 'x' })
  })

  it('a key under another’s name is refused, after the provider was asked once more', async () => {
    const jwt = await signed(pairs[1] as Pair, { kid: 'key-0' })
    const asked: boolean[] = []
    const keys = async (fresh: boolean) => {
      asked.push(fresh)
      return published
    }
    await expect(verifiedJwt(jwt, 'It', expected({ keys }))).rejects.toMatchObject({ reason: 'untrusted' })
    expect(asked).toEqual([false, true])
  })

  it('that cannot be had are the provider’s trouble, not the token’s', async () => {
    const keys = () => Promise.reject(new OctroiError('upstream_timeout', 'It did not answer.'))
    const jwt = await signed(pairs[0] as Pair)
    await expect(verifiedJwt(jwt, 'It', expected({ keys }))).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it('published with their private part are no keys', async () => {
    const jwk = await exportJWK((pairs[0] as Pair).privateKey)
    const jwt = await signed(pairs[0] as Pair)
    const keys = async () => ({ keys: [jwk] })
    await expect(verifiedJwt(jwt, 'It', expected({ keys }))).rejects.toBeInstanceOf(SignInRefused)
  })
})

describe('claims of an id_token', () => {
  const good = { exp: NOW / 1000 + 60, iat: NOW / 1000, nonce: 'n' }
  const check = (claims: object, accessToken = 'a', alg = 'RS256') =>
    checkIdToken({ ...good, ...claims }, { nonce: 'n', now: NOW, accessToken, alg })

  it('at_hash as in the example of the standard (OpenID Connect Core §A.3)', () => {
    const token = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'
    expect(() => check({ at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }, token)).not.toThrow()
    expect(() => check({ at_hash: '77QmUPtjPfzWtF2AnpK9RR' }, token)).toThrow('another access token')
    expect(() => check({ at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }, token, 'RS512')).toThrow('another access token')
  })

  it.each([
    ['exp 30 s ago', { exp: NOW / 1000 - 30 }, 'expired'],
    ['exp 29 s ago', { exp: NOW / 1000 - 29 }, undefined],
    ['iat in 31 s', { iat: NOW / 1000 + 31 }, 'future'],
    ['iat in 30 s', { iat: NOW / 1000 + 30 }, undefined],
    ['nbf as text', { nbf: '1' }, 'future'],
    ['an exp that is no number', { exp: Number.NaN }, 'expired'],
    ['an exp without end (1e999)', { exp: Number.POSITIVE_INFINITY }, 'expired'],
    ['no iat', { iat: undefined }, 'future'],
  ])('%s: %s', (_, claims, wanted) => {
    if (wanted === undefined) expect(() => check(claims)).not.toThrow()
    else expect(() => check(claims)).toThrow(wanted)
  })
})

it('property: whatever comes as a token is refused in one way', async () => {
  const part = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    fc.constant(Buffer.from('{"alg":"ES256"}').toString('base64url')),
  )
  const token = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      await expect(verifiedJwt(text, 'It', expected())).rejects.toBeInstanceOf(SignInRefused)
    }),
  )
})

it('a token of a megabyte is not even read', async () => {
  const jwt = await signed(pairs[0] as Pair, {}, { pad: 'x'.repeat(1024 * 1024) })
  await expect(verifiedJwt(jwt, 'It', expected())).rejects.toThrow('too long')
})
