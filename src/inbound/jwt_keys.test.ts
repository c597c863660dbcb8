import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { OctroiError } from '../core/errors.ts'
import type { Issuer } from '../core/program_types.ts'
import { KeySet } from './jwt_key_set.ts'
import { JwtKeys } from './jwt_keys.ts'

const URL = 'https://idp.example/jwks'
const issuer = (more: Partial<Issuer> = {}) =>
  ({ id: 'idp', jwks_uri: URL, jwks: null, network: {}, ...more }) as Issuer

const pair = async (algorithm: string, more: Partial<JWK> = {}) => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return {
    public: { ...(await exportJWK(publicKey)), ...more },
    private: { ...(await exportJWK(privateKey)), ...more },
  }
}
type Pair = Awaited<ReturnType<typeof pair>>

let [a, b, rsa, ed]: Pair[] = []
beforeAll(async () => {
  a = await pair('ES256', { kid: 'a' })
  b = await pair('ES256', { kid: 'b' })
  rsa = await pair('RS256', { kid: 'rsa' })
  ed = await pair('EdDSA', { kid: 'ed' })
})
const published = (...pairs: (Pair | undefined)[]) => JSON.stringify({ keys: pairs.map((one) => one?.public) })

/** An issuer whose answer the test sets, on a clock that it moves. */
function scene(text = published(a)) {
  const state = { text, status: 200, error: undefined as unknown, asked: 0, now: 1_000_000 }
  const keys = new JwtKeys({
    now: () => state.now,
    async fetch(url) {
      expect(url).toBe(URL)
      state.asked++
      if (state.error !== undefined) throw state.error
      return { status: state.status, text: state.text }
    },
  })
  const count = async (kid: string | undefined) => (await keys.fitting(issuer(), 'ES256', kid)).length
  return { state, keys, count }
}
const down = new OctroiError('upstream_timeout', 'The service did not answer in time.')

describe('the keys that an issuer publishes', () => {
  it('are asked for once, also by many at a time', async () => {
    const { state, count } = scene()
    expect(await Promise.all(Array.from({ length: 50 }, () => count('a')))).toEqual(new Array(50).fill(1))
    expect(await count('a')).toBe(1)
    expect(state.asked).toBe(1)
  })

  it('rotation: a key of an unknown name is looked for once, then not for 30 s', async () => {
    const { state, count } = scene()
    expect(await count('a')).toBe(1)
    state.text = published(a, b)
    state.now += 30_000
    expect(await Promise.all([count('b'), count('b'), count('c')])).toEqual([1, 1, 0])
    expect(state.asked).toBe(2)
    for (let i = 0; i < 20; i++) expect(await count('c')).toBe(0)
    expect(state.asked).toBe(2)
    state.now += 29_999
    await count('c')
    expect(state.asked).toBe(2)
    state.now += 1
    await count('c')
    expect(state.asked).toBe(3)
  })

  it('502, 504: an issuer that cannot be reached is nobody else’s fault, and asked once in 5 s', async () => {
    const { state, count } = scene()
    state.error = down
    for (let i = 0; i < 10; i++)
      await expect(count('a')).rejects.toMatchObject({ code: 'upstream_timeout', retryAfter: 5 })
    expect(state.asked).toBe(1)
    state.error = undefined
    state.now += 5_000
    expect(await count('a')).toBe(1)
  })

  it.each([
    [500, published()],
    [302, ''],
    [404, '{}'],
    [200, ''],
    [200, '[]'],
    [200, 'null'],
    [200, '{"keys":{}}'],
    [200, '<html>'],
  ])('502 for the answer %i %j', async (status, text) => {
    const { state, count } = scene()
    Object.assign(state, { status, text })
    await expect(count('a')).rejects.toMatchObject({ code: 'upstream_unreachable', status: 502 })
  })

  it('502, not 400 or 500, for whatever else goes wrong', async () => {
    const { state, count } = scene()
    for (const error of [new OctroiError('invalid_request', 'x'), new Error('x')]) {
      state.error = error
      state.now += 5_000
      await expect(count('a')).rejects.toMatchObject({ code: 'upstream_unreachable', cause: error })
    }
  })

  it('go on for an hour while the issuer is down; one that it withdrew is gone after 10 minutes', async () => {
    const { state, count } = scene()
    await count('a')
    state.error = down
    state.now += 3_599_999
    expect(await count('a')).toBe(1)
    state.now += 30_000
    await expect(count('a')).rejects.toMatchObject({ code: 'upstream_timeout' })

    const other = scene()
    await other.count('a')
    other.state.text = published(b)
    other.state.now += 600_000
    await other.count('a')
    await new Promise(setImmediate)
    expect(await other.count('a')).toBe(0)
    expect(other.state.asked).toBe(2)
  })

  it('an unknown name while the issuer is down is 504, a known one goes on', async () => {
    const { state, count } = scene()
    await count('a')
    state.error = down
    state.now += 60_000
    await expect(count('b')).rejects.toMatchObject({ code: 'upstream_timeout' })
    expect(await count('a')).toBe(1)
  })

  it('another address or another policy is another source', async () => {
    const { state, keys } = scene()
    await keys.fitting(issuer(), 'ES256', 'a')
    await keys.fitting(issuer({ network: { allow_private: true } }), 'ES256', 'a')
    expect(state.asked).toBe(2)
    keys.forgetAllBut([])
    await keys.fitting(issuer({ network: { allow_private: true } }), 'ES256', 'a')
    expect(state.asked).toBe(3)
  })

  it('keys that were given are not asked for', async () => {
    const { state, keys } = scene()
    const given = issuer({ jwks_uri: null, jwks: { keys: [a?.public as Record<string, unknown>] } })
    expect((await keys.fitting(given, 'ES256', 'a')).length).toBe(1)
    expect((await keys.fitting(given, 'ES256', 'b')).length).toBe(0)
    expect(state.asked).toBe(0)
  })
})

describe('which keys fit', () => {
  const fitting = async (keys: unknown[], algorithm: string, kid?: string) => {
    const set = KeySet.read(JSON.stringify({ keys }))
    return (await set?.fitting(algorithm, kid))?.length
  }

  it('by type, curve, name, and what they say they are for', async () => {
    const all = [a, rsa, ed].map((one) => one?.public)
    expect(await fitting(all, 'ES256')).toBe(1)
    expect(await fitting(all, 'ES384')).toBe(0)
    expect(await fitting(all, 'RS256')).toBe(1)
    expect(await fitting(all, 'PS512')).toBe(1)
    expect(await fitting(all, 'EdDSA', 'ed')).toBe(1)
    expect(await fitting(all, 'Ed25519', 'ed')).toBe(1)
    expect(await fitting(all, 'ES256', 'rsa')).toBe(0)
    expect(await fitting([{ ...rsa?.public, alg: 'PS256' }], 'RS256')).toBe(0)
    expect(await fitting([{ ...ed?.public, alg: 'Ed25519' }], 'EdDSA')).toBe(1)
    expect(await fitting([{ ...a?.public, use: 'enc' }], 'ES256')).toBe(0)
    expect(await fitting([{ ...a?.public, key_ops: ['sign'] }], 'ES256')).toBe(0)
    expect(await fitting([{ ...a?.public, kid: undefined }], 'ES256', 'a')).toBe(0)
  })

  it('no secret is a public key, and of a private key only the public half is used', async () => {
    const oct = { kty: 'oct', k: 'c2VjcmV0', kid: 'a' }
    for (const algorithm of ['HS256', 'RS256', 'ES256', 'EdDSA', 'none'])
      expect(await fitting([oct], algorithm)).toBe(0)
    const set = KeySet.read(JSON.stringify({ keys: [a?.private] }))
    expect((await set?.fitting('ES256', 'a'))?.map(({ type }) => type)).toEqual(['public'])
  })

  it('what is broken is left out', async () => {
    const broken = [{}, null, 1, 'x', [], { kty: 'RSA' }, { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, a?.public]
    expect(await fitting(broken, 'ES256')).toBe(1)
    expect(await fitting([{ kty: 'RSA', n: 'AQAB', e: '' }], 'RS256')).toBeLessThanOrEqual(1)
  })
})
