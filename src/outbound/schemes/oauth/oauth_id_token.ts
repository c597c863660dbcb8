import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose'
import { ExchangeError, type StepFetch } from '../../exchange.ts'
import { parseJson } from '../../json_path.ts'

/** A JWT of the service is read only once its signature and claims hold. */

export interface Expected {
  readonly issuer: string
  readonly audience: string
  readonly nonce?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** SuperOffice's system user token is dead on arrival: its issuer and signature still tell whose it is. */
  readonly ignoreExpiry?: boolean | undefined
}

export type Claims = Readonly<Record<string, unknown>>

/** Public keys only: with a symmetric algorithm, whoever knows the client's secret could write the token. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const SKEW_S = 60

/** Fetches the service's keys. Throws `ExchangeError` `transient` for what is not a key set. */
export async function fetchKeys(url: string, fetch: StepFetch): Promise<JSONWebKeySet> {
  const { status, text } = await fetch({ method: 'GET', url, headers: { Accept: 'application/json' } })
  const json = parseJson(text) as JSONWebKeySet | null | undefined
  if (status === 200 && json !== null && typeof json === 'object' && Array.isArray(json.keys)) return json
  throw new ExchangeError('transient', `The keys of the service could not be read: it answered status ${status}.`)
}

/**
 * The claims of a JWT whose key is found by `kid` and whose `iss`, `aud`, `azp`, `exp`, `nbf` and `nonce` are as they must be
 * (OpenID Connect Core §3.1.3.7). Throws `ExchangeError` `human` that names what is wrong: somebody else's token is no trouble that
 * passes.
 */
export async function verifiedClaims(jwt: string, keys: JSONWebKeySet, expected: Expected): Promise<Claims> {
  const claims = parseJson(new TextDecoder().decode(await verifiedPayload(jwt, keys)))
  if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) throw refused('it is not a JWT')
  const fault = claimFault(claims as Claims, expected)
  if (fault !== undefined) throw refused(fault)
  return claims as Claims
}

async function verifiedPayload(jwt: string, keys: JSONWebKeySet): Promise<Uint8Array> {
  try {
    const { payload } = await compactVerify(jwt, createLocalJWKSet(keys), { algorithms: ALGORITHMS })
    return payload
  } catch (cause) {
    if (cause instanceof errors.JWKSNoMatchingKey) throw refused('the service publishes no key for it', cause)
    throw refused('its signature is not good', cause)
  }
}

function claimFault(claims: Claims, expected: Expected): string | undefined {
  const audiences = [claims.aud].flat()
  const seconds = expected.now / 1000
  const [expires, notBefore] = [numeric(claims.exp), numeric(claims.nbf)]
  if (claims.iss !== expected.issuer) return 'iss is not the issuer'
  if (!audiences.includes(expected.audience)) return 'aud is not this client'
  if (claims.azp === undefined ? audiences.length > 1 : claims.azp !== expected.audience)
    return 'azp is not this client'
  if (expected.nonce !== undefined && claims.nonce !== expected.nonce) return 'nonce is not the one that was sent'
  if (expected.ignoreExpiry === true) return undefined
  if (expires === undefined) return 'exp is missing'
  if (expires + SKEW_S <= seconds) return 'exp is past'
  if (claims.nbf !== undefined && !(notBefore !== undefined && notBefore - SKEW_S <= seconds)) return 'nbf is not yet'
  return undefined
}

/** Some services write times as text. */
function numeric(claim: unknown): number | undefined {
  const value = typeof claim === 'string' && /^\d+$/.test(claim) ? Number(claim) : claim
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function refused(why: string, cause?: unknown): ExchangeError {
  return new ExchangeError('human', `The signed token of the service is refused: ${why}.`, { cause })
}
