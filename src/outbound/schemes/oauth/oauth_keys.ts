import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { SignJWT } from 'jose'
import { ExchangeError } from '../../exchange.ts'
import { parseJson } from '../../json_path.ts'
import type { ClientCertificate } from '../../scheme.ts'

/** Private keys as people paste them, and the JWTs that are signed with them. */

export const SIGNING_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const

export interface SigningKey {
  readonly key: KeyObject
  /** Of a JWK (RFC 7517 §4.5). */
  readonly kid: string | undefined
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

/**
 * A key from PEM (PKCS#1, PKCS#8, SEC1) or a private JWK. Throws `ExchangeError` `human` that names the secret, for what is no
 * private key or not one for the algorithm.
 */
export function signingKey(text: string, algorithm: string, secret: string): SigningKey {
  const jwk = parseJson(text)
  const found = attempt(() => (isObject(jwk) ? fromJwk(jwk) : createPrivateKey(repairedPem(text))))
  if (found === undefined) throw new ExchangeError('human', `The secret ${secret} is not a private key in PEM or JWK.`)
  if (!fits(found, algorithm)) throw new ExchangeError('human', `The secret ${secret} is not a key for ${algorithm}.`)
  return { key: found, kid: isObject(jwk) && typeof jwk.kid === 'string' ? jwk.kid : undefined }
}

export interface JwtToSign {
  readonly algorithm: string
  readonly header: Readonly<Record<string, string>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Milliseconds since the epoch for `now`; `iat`, `exp` and `jti` are added. */
export async function signJwt(key: SigningKey, jwt: JwtToSign, now: number, lifetimeSeconds: number): Promise<string> {
  const issuedAt = Math.floor(now / 1000)
  return new SignJWT({ iat: issuedAt, exp: issuedAt + lifetimeSeconds, jti: crypto.randomUUID(), ...jwt.claims })
    .setProtectedHeader({ alg: jwt.algorithm, typ: 'JWT', ...jwt.header })
    .sign(key.key)
}

/** RFC 7515 §4.1.7 and §4.1.8. Throws `ExchangeError` `human` for what is not a certificate. */
export function certificateThumbprint(pem: string, kind: 'x5t' | 'x5t#S256', secret: string): string {
  const certificate = attempt(() => new X509Certificate(repairedPem(pem)))
  if (certificate === undefined) throw new ExchangeError('human', `The secret ${secret} is not a certificate in PEM.`)
  const hash = kind === 'x5t' ? 'sha1' : 'sha256'
  return createHash(hash).update(certificate.raw).digest('base64url')
}

/** A client certificate (its chain may follow) and its key. Throws `ExchangeError` `human` that names the secret, and shows none. */
export function certificatePair(certificate: string, privateKey: string): ClientCertificate {
  const [cert, key] = [repairedPem(certificate), repairedPem(privateKey)]
  const known = attempt(() => new X509Certificate(cert))
  if (known === undefined)
    throw new ExchangeError('human', 'The secret client_certificate is not a certificate in PEM.')
  const own = attempt(() => createPrivateKey(key))
  const wanted = 'a private key in PEM without a passphrase'
  if (own === undefined) throw new ExchangeError('human', `The secret client_private_key is not ${wanted}.`)
  if (!known.checkPrivateKey(own))
    throw new ExchangeError('human', 'The secret client_private_key is not the key of client_certificate.')
  return { cert, key }
}

/** Line breaks get lost in one-line fields, and come as `\n` out of JSON and environment files. */
export function repairedPem(text: string): string {
  const blocks = text.replaceAll('\\n', '\n').matchAll(/-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/gs)
  return [...blocks]
    .map(([, label, body = '']) => {
      const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []
      return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
    })
    .join('')
}

function fromJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

function fits(key: KeyObject, algorithm: string): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (algorithm.startsWith('ES')) return type === 'ec' && details?.namedCurve === CURVES[algorithm]
  if (algorithm.startsWith('Ed')) return type === 'ed25519'
  // RFC 7518 §3.3 and §3.5: 2048 bits or more. A key that is PSS only cannot sign RS256.
  const large = (details?.modulusLength ?? 0) >= 2048
  return large && (type === 'rsa' || (type === 'rsa-pss' && algorithm.startsWith('PS')))
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return json !== null && typeof json === 'object'
}
