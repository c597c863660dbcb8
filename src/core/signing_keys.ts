import type { IdTokenAlg } from './openid_types.ts'

/** The keys by which Octroi says who is calling, as the rest of the program sees them. */

/** ES256 for all that is ours; RS256 for ID tokens of applications that know nothing else. */
export type SigningAlg = IdTokenAlg

/** A JSON Web Key with its private members (RFC 7517). */
export type PrivateJwk = Readonly<Record<string, string>>

export interface AssertionSigner {
  /**
   * A compact JWS over these claims (RFC 7515 §7.1), by the key that is in use now. `typ`: `JWT`, if it is not said; `alg`: ES256. There is a key
   * for RS256 once somebody asked for one (`ensure`).
   */
  sign(claims: Readonly<Record<string, unknown>>, typ?: string, alg?: SigningAlg): string
}

export interface PublishedKeys {
  /** JWK Set (RFC 7517 §5), as JSON: public members only. */
  jwks(): string
}

export interface PrivateKeys {
  /** Those that sign now come first, then those that are published with them. The same list as before until one of them comes or goes. */
  privateKeys(): readonly PrivateJwk[]
  /** Makes the first key of an algorithm where there is none. */
  ensure(algorithm: SigningAlg): Promise<void>
}

export interface SigningKeys extends AssertionSigner, PublishedKeys, PrivateKeys {}
