import { createPublicKey, type webcrypto } from 'node:crypto'
import { z } from 'zod'
import { explain } from './schemas.ts'

/** Keys of an issuer, given as a JWK Set (RFC 7517). */

/** What a public key needs (RFC 7518 §6, RFC 8037 §2). What is beyond it is ignored (RFC 7517 §4): certificates, addresses of keys. */
const MEMBERS = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'] as const
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const CURVES = ['P-256', 'P-384', 'P-521', 'Ed25519', 'Ed448']
const MIN_RSA_BITS = 2048

const Jwk = z
  .record(z.string(), z.unknown())
  .superRefine((jwk, context) => explain(context, () => requirePublicKey(jwk)))
  .transform(
    (jwk): Readonly<Record<string, unknown>> =>
      Object.fromEntries(MEMBERS.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]]))),
  )

export const Jwks = z.strictObject({
  keys: z
    .array(Jwk)
    .min(1)
    .max(50)
    .refine((keys) => {
      const named = keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))
      return new Set(named).size === named.length
    }, 'has two keys of the same kid'),
})

/** Throws `Error` with what is wrong. A key that could also sign, or that both sides share, is not one to check with. */
function requirePublicKey(jwk: Readonly<Record<string, unknown>>): void {
  if (jwk.kty === 'oct') throw new Error('is a symmetric key; give public keys')
  const found = PRIVATE.find((name) => Object.hasOwn(jwk, name))
  if (found !== undefined)
    throw new Error(`is a private key (it has "${found}"); give the public half, and renew this one`)
  for (const name of MEMBERS) {
    if (jwk[name] !== undefined && typeof jwk[name] !== 'string') throw new Error(`"${name}" must be a text`)
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new Error('is not a key for signatures ("use")')
  if (jwk.kty !== 'RSA' && !CURVES.includes(String(jwk.crv))) {
    throw new Error('must be an RSA key, or one of the curves P-256, P-384, P-521, Ed25519, Ed448')
  }
  const { modulusLength = MIN_RSA_BITS } = readKey(jwk).asymmetricKeyDetails ?? {}
  if (modulusLength < MIN_RSA_BITS)
    throw new Error(`has ${modulusLength} bits; ${MIN_RSA_BITS} are the least (RFC 7518 §3.3)`)
}

function readKey(jwk: Readonly<Record<string, unknown>>) {
  try {
    return createPublicKey({ key: jwk as webcrypto.JsonWebKey, format: 'jwk' })
  } catch {
    throw new Error('cannot be read as a public key')
  }
}
