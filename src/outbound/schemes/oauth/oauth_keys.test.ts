import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { repairedPem, type SigningKey, signingKey, signJwt } from './oauth_keys.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const ed = generateKeyPairSync('ed25519')
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8') =>
  String(key.export({ format: 'pem', type } as never))
const jwk = (key: KeyObject, more: object = {}) => JSON.stringify({ ...key.export({ format: 'jwk' }), ...more })

const sign = (key: SigningKey, algorithm: string) =>
  signJwt(key, { algorithm, header: {}, claims: { iss: 'me' } }, Date.parse('2026-11-21T12:00:00Z'), 300)

describe('a private key', () => {
  it.each([
    ['PKCS#8', pem(rsa.privateKey), 'RS256', rsa.publicKey],
    ['PKCS#1', pem(rsa.privateKey, 'pkcs1'), 'PS384', rsa.publicKey],
    ['SEC1', pem(ec.privateKey, 'sec1'), 'ES256', ec.publicKey],
    ['PKCS#8 Ed25519', pem(ed.privateKey), 'EdDSA', ed.publicKey],
    ['JWK', jwk(ec.privateKey), 'ES256', ec.publicKey],
    ['JWK Ed25519', jwk(ed.privateKey), 'Ed25519', ed.publicKey],
    ['PEM with \\n', pem(rsa.privateKey).replaceAll('\n', '\\n'), 'RS256', rsa.publicKey],
    ['PEM on one line', pem(rsa.privateKey).replaceAll('\n', ' '), 'RS256', rsa.publicKey],
    [
      'PEM with CRLF and text around',
      `Key:\r\n${pem(rsa.privateKey).replaceAll('\n', '\r\n')}`,
      'RS256',
      rsa.publicKey,
    ],
  ])('%s signs', async (_, text, algorithm, publicKey) => {
    const jwt = await sign(signingKey(text, algorithm, 'private_key'), algorithm)
    const { payload } = await jwtVerify(jwt, publicKey, { currentDate: new Date('2026-11-21T12:00:00Z') })
    const issuedAt = Date.parse('2026-11-21T12:00:00Z') / 1000
    expect(payload).toMatchObject({
      iss: 'me',
      iat: issuedAt,
      exp: issuedAt + 300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: algorithm, typ: 'JWT' })
  })

  it('tells its kid where it is a JWK', () => {
    expect(signingKey(jwk(ec.privateKey, { kid: 'k7' }), 'ES256', 'private_key').kid).toBe('k7')
  })

  it.each([
    ['golden', 'RS256', 'is not a private key'],
    [pem(rsa.publicKey as KeyObject, 'pkcs1'), 'RS256', 'is not a private key'],
    [jwk(ec.publicKey), 'ES256', 'is not a private key'],
    ['null', 'RS256', 'is not a private key'],
    [pem(rsa.privateKey), 'ES256', 'is not a key for ES256'],
    [pem(ec.privateKey), 'ES384', 'is not a key for ES384'],
    [pem(ed.privateKey), 'RS256', 'is not a key for RS256'],
    [pem(small.privateKey), 'RS256', 'is not a key for RS256'],
  ])('human, without the text, when it is not one or not for the algorithm', (text, algorithm, message) => {
    const act = () => signingKey(text, algorithm, 'private_key')
    expect(act).toThrow(`human: The secret private_key ${message}`)
    expect(act).not.toThrow(/golden|BEGIN/)
  })

  it('another JWT each time', async () => {
    const key = signingKey(pem(ed.privateKey), 'EdDSA', 'private_key')
    expect(await sign(key, 'EdDSA')).not.toBe(await sign(key, 'EdDSA'))
  })

  it('a repaired PEM is the same key', () => {
    const text = pem(rsa.privateKey)
    const hash = (key: string) => createHash('sha256').update(key).digest('hex')
    expect(hash(repairedPem(text.replaceAll('\n', ' ')))).toBe(hash(text))
  })
})
