import { createHmac, createPublicKey, type KeyObject } from 'node:crypto'
import { CompactEncrypt, FlattenedSign, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type Scene, startScene } from '../gateway/scene.ts'
import {
  AUDIENCE,
  BEHIND_PROXY,
  fromElsewhere,
  type IssuerKey,
  issuerKey,
  makeService,
  rawToken,
  registerIssuer,
  TestIssuer,
  tokenOf,
} from '../support/jwt_issuer.ts'

let scene: Scene
let issuer: TestIssuer
let rsa: IssuerKey
let ec: IssuerKey
/** Of nobody. */
let foreign: IssuerKey
beforeAll(async () => {
  rsa = await issuerKey('RS256', 'rsa')
  ec = await issuerKey('ES256', 'ec')
  foreign = await issuerKey('RS256', 'rsa')
  issuer = await new TestIssuer(rsa, ec).start()
  scene = await startScene({}, { env: BEHIND_PROXY })
  await makeService(scene.gate, 'till')
  await registerIssuer(scene.gate, issuer)
})
afterAll(async () => {
  await scene.stop()
  await issuer.down()
})

const through = async (token: string) => {
  const headers = { 'x-forwarded-for': fromElsewhere() }
  const { status, code } = await ask({ gate: scene.gate, key: token }, '/x', { headers })
  return [status, code]
}
const PASSES = [200, null]
const REFUSED = [401, 'unauthenticated']

/** Claims that pass where the rest does. */
function claims(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer.url, aud: AUDIENCE, sub: 'till', iat: now, exp: now + 300 }
}

const withRsa = (header: Record<string, unknown> = {}, key = rsa) => tokenOf(issuer.url, key, {}, header)
const publicKey = ({ jwk }: IssuerKey) => createPublicKey({ key: jwk as Record<string, unknown>, format: 'jwk' })
const pemOf = (key: KeyObject, type: 'spki' | 'pkcs1') => key.export({ type, format: 'pem' }) as string

/** Signed with a secret that everybody knows. */
function hs256(secret: string | Buffer, header: Record<string, unknown> = {}): string {
  const unsigned = rawToken({ alg: 'HS256', ...header }, claims()).slice(0, -1)
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`
}

describe('T44: tokens that nobody signed', () => {
  it('what passes, so that the refusals say something', async () => {
    expect(await through(await withRsa())).toEqual(PASSES)
    expect(await through(await tokenOf(issuer.url, ec))).toEqual(PASSES)
    expect(await through(await tokenOf(issuer.url, ec, {}, { kid: undefined }))).toEqual(PASSES)
  })

  it.each(['none', 'None', 'NONE', 'nOnE', '', null, undefined, ['none'], 'RS256 '])('T44: alg %j', async (alg) => {
    expect(await through(rawToken({ alg, kid: 'rsa' }, claims()))).toEqual(REFUSED)
    expect(await through(rawToken({ alg, kid: 'rsa' }, claims(), 'x'))).toEqual(REFUSED)
  })

  it('T44: HS256 with the public key as the secret, in every form that it is published in', async () => {
    const key = publicKey(rsa)
    const secrets = [
      pemOf(key, 'spki'),
      pemOf(key, 'spki').trim(),
      pemOf(key, 'pkcs1'),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(rsa.jwk),
      Buffer.from(rsa.jwk.n as string, 'base64url'),
      '',
    ]
    for (const secret of secrets) {
      expect(await through(hs256(secret, { kid: 'rsa' }))).toEqual(REFUSED)
      expect(await through(hs256(secret))).toEqual(REFUSED)
    }
  })

  it('T44: a key that the token brings itself: jwk, jku, x5u, x5c', async () => {
    const evil = await new TestIssuer(foreign).start()
    const brought: Record<string, unknown>[] = [
      { jwk: foreign.jwk },
      { jku: `${evil.url}/jwks` },
      { x5u: `${evil.url}/cert.pem` },
      { x5c: ['MIIB'] },
      { jwk: foreign.jwk, kid: undefined },
      { jku: `${evil.url}/jwks`, kid: undefined },
    ]
    for (const header of brought) expect(await through(await withRsa(header, foreign))).toEqual(REFUSED)
    expect(evil.asked).toBe(0)
    await evil.down()
  })

  it.each([
    '../../../../dev/null',
    '/dev/null',
    "x' union select 'a",
    'http://127.0.0.1/jwks',
    '__proto__',
    'constructor',
    '0',
    '',
    'ec',
    'x'.repeat(2_000),
  ])('T44: kid %j names a key or nothing', async (kid) => {
    expect(await through(await withRsa({ kid }, foreign))).toEqual(REFUSED)
    expect(
      await through(rawToken({ alg: 'HS256', kid }, claims(), createHmac('sha256', '').update('').digest())),
    ).toEqual(REFUSED)
  })

  it('T44: kid of another type than text', async () => {
    for (const kid of [null, 0, ['rsa'], { $ne: null }, true])
      expect(await through(rawToken({ alg: 'RS256', kid }, claims(), 'x'))).toEqual(REFUSED)
  })

  it('T44: ES256 with r and s of nothing, of the order of the curve, of the wrong length', async () => {
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    const zero = Buffer.alloc(64)
    const odd = [
      zero,
      Buffer.concat([order, order]),
      Buffer.alloc(64, 0xff),
      Buffer.alloc(0),
      Buffer.alloc(63),
      Buffer.alloc(65),
    ]
    // DER: SEQUENCE of two INTEGERs 0.
    for (const signature of [...odd, Buffer.from('3006020100020100', 'hex')])
      expect(await through(rawToken({ alg: 'ES256', kid: 'ec' }, claims(), signature))).toEqual(REFUSED)
  })

  it('T44: the signature of another token, a changed claim, an algorithm of another family', async () => {
    const good = await withRsa()
    const [head, body, signature] = good.split('.') as [string, string, string]
    const [, other] = rawToken({}, { ...claims(), sub: 'admin' }).split('.')
    expect(await through(`${head}.${other}.${signature}`)).toEqual(REFUSED)
    expect(await through(`${head}.${body}.${(await withRsa({}, foreign)).split('.')[2]}`)).toEqual(REFUSED)
    const as = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}.${signature}`
    for (const alg of ['PS256', 'RS512', 'ES256', 'EdDSA'])
      expect(await through(as({ alg, kid: 'rsa' }))).toEqual(REFUSED)
    expect(await through(`${head}.${body}.`)).toEqual(REFUSED)
    expect(await through(`${head}.${body}`)).toEqual(REFUSED)
    expect(await through(`${head}.${body}.${signature}.${signature}`)).toEqual(REFUSED)
  })

  it('T44: b64=false, and any other extension that is said to be critical', async () => {
    const payload = Buffer.from(JSON.stringify(claims()))
    const made = await new FlattenedSign(payload)
      .setProtectedHeader({ alg: 'RS256', kid: 'rsa', b64: false, crit: ['b64'] })
      .sign(rsa.privateKey)
    // Unencoded claims hold dots and are no token; encoded behind the same header they are not what was signed.
    expect(await through(`${made.protected}.${payload.toString('base64url')}.${made.signature}`)).toEqual(REFUSED)
    for (const crit of [[], ['exp'], ['x'], 'x', null])
      expect(await through(rawToken({ alg: 'RS256', kid: 'rsa', crit, x: 1 }, claims(), 'x'))).toEqual(REFUSED)
  })

  it('T44: JWE, also one that unpacks to much', async () => {
    const bomb = Buffer.from(JSON.stringify({ ...claims(), filler: 'x'.repeat(2_000) }))
    const key = { ...rsa.jwk, alg: 'RSA-OAEP-256' } as JWK
    const jwe = await new CompactEncrypt(bomb)
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'rsa', cty: 'JWT' })
      .encrypt(key)
    expect(await through(jwe)).toEqual(REFUSED)
    expect(await through(await withRsa({ zip: 'DEF' }))).toEqual(REFUSED)
  })

  it('T44: a token in place of the signature: nested, JSON serialisation, two in a row', async () => {
    const good = await withRsa()
    const nested = Buffer.from(good).toString('base64url')
    expect(await through(`${nested}.${nested}.${nested}`)).toEqual(REFUSED)
    expect(await through(JSON.stringify({ payload: good.split('.')[1] }))).toEqual(REFUSED)
    expect(await through(`${good} ${good}`)).toEqual(REFUSED)
    expect(await through(`${good},${good}`)).toEqual(REFUSED)
  })
})
