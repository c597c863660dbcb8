import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { tokenScript } from '../../../../test/support/token_script.ts'
import { fetchKeys, verifiedClaims } from './oauth_id_token.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const S = NOW / 1000
const [one, two] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
const keys = {
  keys: [
    { ...(await exportJWK(two.publicKey)), kid: 'two', alg: 'RS256' },
    { ...(await exportJWK(one.publicKey)), kid: 'one', alg: 'RS256' },
  ],
}
const expected = { issuer: 'https://i.example', audience: 'me', nonce: 'n', now: NOW }
const CLAIMS = { iss: 'https://i.example', aud: 'me', exp: S + 60, iat: S, nonce: 'n', sub: 'u' }
const token = (claims: object, kid: string | undefined = 'one', key = one.privateKey) =>
  new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg: 'RS256', ...(kid ? { kid } : {}) }).sign(key)

describe('a signed token of the service', () => {
  it.each([
    {},
    { aud: ['me'] },
    { aud: ['me', 'other'], azp: 'me' },
    { exp: `${S + 60}`, iat: `${S}` },
    { exp: S - 59 },
    { nbf: S + 59 },
  ])('is good with %j', async (claims) => {
    expect(await verifiedClaims(await token(claims), keys, expected)).toMatchObject({ sub: 'u' })
  })

  it.each([
    [{ iss: 'https://i.example/' }, 'iss'],
    [{ iss: undefined }, 'iss'],
    [{ aud: 'other' }, 'aud'],
    [{ aud: undefined }, 'aud'],
    [{ aud: ['me', 'other'] }, 'azp'],
    [{ azp: 'other' }, 'azp'],
    [{ exp: S - 61 }, 'exp'],
    [{ exp: undefined }, 'exp'],
    [{ exp: 'tomorrow' }, 'exp'],
    [{ nbf: S + 61 }, 'nbf'],
    [{ nbf: 'later' }, 'nbf'],
    [{ nonce: 'other' }, 'nonce'],
    [{ nonce: undefined }, 'nonce'],
  ])('human with %j', async (claims, name) => {
    const act = verifiedClaims(await token(claims), keys, expected)
    await expect(act).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining(` ${name} `) })
  })

  it('is read after its end where only its origin counts', async () => {
    const claims = await verifiedClaims(await token({ exp: 1 }), keys, { ...expected, ignoreExpiry: true })
    expect(claims.sub).toBe('u')
  })

  it.each([
    ['the key of another kid', () => token({}, 'two')],
    ['a kid that is not published', () => token({}, 'three')],
    ['another key', () => token({}, 'one', two.privateKey)],
    ['no signature', async () => `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(CLAIMS))}.`],
    [
      'HS256 with the public key',
      async () =>
        new SignJWT(CLAIMS)
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .sign(new TextEncoder().encode(JSON.stringify(keys.keys[1]))),
    ],
    [
      'a changed claim',
      async () => {
        const [head, , signature] = (await token({})).split('.')
        return `${head}.${Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'admin' })).toString('base64url')}.${signature}`
      },
    ],
    ['no JWT', async () => 'opaque'],
  ])('human with %s', async (_, make) => {
    await expect(verifiedClaims(await make(), keys, expected)).rejects.toMatchObject({ kind: 'human' })
  })

  it.each([{ status: 500 }, { body: '<html>' }, { body: {} }, { body: 'null' }])(
    'transient when its keys cannot be read: %j',
    async (answer) => {
      const { context } = tokenScript([answer])
      await expect(fetchKeys('https://i.example/jwks', context.fetch)).rejects.toMatchObject({ kind: 'transient' })
    },
  )
})
