import { createHash } from 'node:crypto'
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet } from 'jose'
import { SignInRefused } from '../method.ts'

/** JWTs of a provider (id_token, userinfo): read only once signature and claims hold. */

export type JwtClaims = Readonly<Record<string, unknown>>

export interface ExpectedJwt {
  /** The one that was registered; nothing that the token says chooses it (RFC 8725 §3.1). */
  readonly algorithm: string
  readonly issuer: string
  readonly audience: string
  /** For HS256 and its like: the client's secret (OpenID Connect Core §10.1). */
  readonly secret: string | undefined
  /** The provider's keys; `fresh` asks it again. */
  keys(fresh: boolean): Promise<JSONWebKeySet>
  /** Milliseconds since the epoch. */
  readonly now: number
}

const MAX_LENGTH = 64 * 1024
export const SKEW_S = 30
/** Tokens for other uses say so (RFC 8725 §3.11): `at+jwt`, `logout+jwt`. */
const TYPES = new Set<unknown>([undefined, 'jwt', 'application/jwt'])
const MAX_KEYS = 8

/** Throws `SignInRefused` `untrusted` for what is not the provider's, and what `keys` throws. */
export async function verifiedJwt(jwt: string, what: string, expected: ExpectedJwt): Promise<JwtClaims> {
  const refused = (why: string, cause?: unknown) => untrusted(what, why, cause)
  if (jwt.length > MAX_LENGTH) throw refused('is too long')
  const header = headerOf(jwt)
  if (header?.alg !== expected.algorithm) throw refused('is not signed with the registered algorithm')
  if (!TYPES.has(typeOf(header.typ))) throw refused('is a token for another use')
  const claims = jsonOf(await payloadOf(jwt, expected).catch((error) => Promise.reject(ours(error, refused))))
  if (claims === undefined) throw refused('is no JWT')
  const fault = audienceFault(claims, expected)
  if (fault !== undefined) throw refused(fault)
  return claims
}

/** OpenID Connect Core §3.1.3.7; its nonce binds it to this browser and this sign-in. Throws `SignInRefused`. */
export function checkIdToken(
  claims: JwtClaims,
  expected: { nonce: string; now: number; accessToken: string; alg: string },
): void {
  const seconds = expected.now / 1000
  const { exp, iat, nbf, nonce, at_hash: atHash } = claims
  const inPast = (time: unknown) => Number.isFinite(time) && (time as number) - SKEW_S <= seconds
  const wrong: readonly (readonly [boolean, string])[] = [
    [!Number.isFinite(exp) || (exp as number) + SKEW_S <= seconds, 'has expired'],
    [!inPast(iat) || (nbf !== undefined && !inPast(nbf)), 'is of the future'],
    [nonce !== expected.nonce, 'is not of this sign-in'],
    [atHash !== undefined && atHash !== halfHash(expected.accessToken, expected.alg), 'came with another access token'],
  ]
  const [, fault] = wrong.find(([isWrong]) => isWrong) ?? []
  if (fault !== undefined) throw untrusted('The id_token', fault)
}

export function untrusted(what: string, why: string, cause?: unknown): SignInRefused {
  return new SignInRefused('untrusted', `${what} of the provider ${why}.`, cause)
}

/** A key that we do not know, or that does not fit: the provider may have changed its keys, so it is asked once more. */
async function payloadOf(jwt: string, expected: ExpectedJwt): Promise<Uint8Array> {
  const options = { algorithms: [expected.algorithm] }
  if (expected.algorithm.startsWith('HS')) {
    if (expected.secret === undefined) throw new errors.JWSInvalid('no secret to verify it with')
    return (await compactVerify(jwt, new TextEncoder().encode(expected.secret), options)).payload
  }
  try {
    return await verifiedBy(await expected.keys(false), jwt, options)
  } catch (error) {
    if (!isOfKeys(error)) throw error
    return verifiedBy(await expected.keys(true), jwt, options)
  }
}

async function verifiedBy(keys: JSONWebKeySet, jwt: string, options: { algorithms: string[] }): Promise<Uint8Array> {
  try {
    return (await compactVerify(jwt, createLocalJWKSet(keys), options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    return verifiedByOne(error, jwt, options)
  }
}

/** A token that names no key is tried with each that may have made it (RFC 7515 §D). */
async function verifiedByOne(
  fitting: errors.JWKSMultipleMatchingKeys,
  jwt: string,
  options: { algorithms: string[] },
): Promise<Uint8Array> {
  let tried = 0
  for await (const key of fitting) {
    if (tried++ === MAX_KEYS) break
    const verified = await compactVerify(jwt, key, options).catch(() => undefined)
    if (verified !== undefined) return verified.payload
  }
  throw new errors.JWSSignatureVerificationFailed()
}

function isOfKeys(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed
}

/** What the library refuses is the token's fault; anything else (the provider does not give its keys) is as it was thrown. */
function ours(error: unknown, refused: (why: string, cause: unknown) => SignInRefused): unknown {
  const isOfToken = error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException
  return isOfToken ? refused('has no good signature', new Error(`${error.name}: ${error.message}`)) : error
}

function audienceFault({ iss, aud, azp }: JwtClaims, { issuer, audience }: ExpectedJwt): string | undefined {
  const audiences = [aud].flat()
  if (iss !== issuer) return 'is of another issuer'
  if (!audiences.includes(audience)) return 'is for another client'
  if (azp === undefined ? audiences.length > 1 : azp !== audience) return 'was made for another client'
  return undefined
}

/** OpenID Connect Core §3.1.3.6: the left half of the hash that the algorithm uses. */
function halfHash(text: string, algorithm: string): string {
  const bits = /^[A-Z]{2}(256|384|512)$/.exec(algorithm)?.[1] ?? '512'
  const digest = createHash(`sha${bits}`).update(text, 'ascii').digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

function headerOf(jwt: string): ReturnType<typeof decodeProtectedHeader> | undefined {
  try {
    return decodeProtectedHeader(jwt)
  } catch {
    return undefined
  }
}

function typeOf(typ: unknown): unknown {
  return typeof typ === 'string' ? typ.toLowerCase() : typ
}

function jsonOf(payload: Uint8Array): JwtClaims | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    return json !== null && typeof json === 'object' && !Array.isArray(json) ? (json as JwtClaims) : undefined
  } catch {
    return undefined
  }
}
