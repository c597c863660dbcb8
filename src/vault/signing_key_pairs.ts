import { generateKeyPair, hash, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { PrivateJwk, SigningAlg } from '../core/signing_keys.ts'

/** Keys for signatures, as JSON Web Keys (RFC 7517): what is public of them, and what is not. */

/** RFC 7518 §3.3 wants 2048 bits at least. */
const RSA_BITS = 2_048

export interface KeyPair {
  /** `kid`: the thumbprint (RFC 7638). */
  readonly id: string
  readonly algorithm: SigningAlg
  readonly publicJwk: PrivateJwk
  readonly privateJwk: PrivateJwk
}

/** In the order of their names, as the thumbprint wants them (RFC 7638 §3.2). */
const PUBLIC: Readonly<Record<SigningAlg, readonly string[]>> = {
  ES256: ['crv', 'kty', 'x', 'y'],
  RS256: ['e', 'kty', 'n'],
}
const PRIVATE: Readonly<Record<SigningAlg, readonly string[]>> = {
  ES256: [...PUBLIC.ES256, 'd'],
  RS256: [...PUBLIC.RS256, 'd', 'p', 'q', 'dp', 'dq', 'qi'],
}

const generate = promisify(generateKeyPair)

/** Off the event loop: a prime takes its time. */
export async function newKeyPair(algorithm: SigningAlg): Promise<KeyPair> {
  const { privateKey } = await (algorithm === 'ES256'
    ? generate('ec', { namedCurve: 'P-256' })
    : generate('rsa', { modulusLength: RSA_BITS }))
  const jwk = (privateKey as KeyObject).export({ format: 'jwk' }) as PrivateJwk
  const publicJwk = publicMembers(algorithm, jwk)
  const id = hash('sha256', JSON.stringify(publicJwk), 'base64url')
  return { id, algorithm, publicJwk, privateJwk: jwk }
}

/** Named one by one: whatever else a row should hold stays where it is. */
export function publicMembers(algorithm: string, jwk: PrivateJwk): PrivateJwk {
  return members(PUBLIC[algorithm as SigningAlg], jwk)
}

export function privateMembers(algorithm: string, jwk: PrivateJwk): PrivateJwk {
  return members(PRIVATE[algorithm as SigningAlg], jwk)
}

function members(names: readonly string[], jwk: PrivateJwk): PrivateJwk {
  return Object.fromEntries(names.map((name) => [name, jwk[name] as string]))
}
