/** The keys by which Octroi says who is calling, as the rest of the program sees them. */

export interface AssertionSigner {
  /** A compact JWS over these claims (RFC 7515 §7.1, ES256), by the key that is in use now. */
  sign(claims: Readonly<Record<string, unknown>>): string
}

export interface PublishedKeys {
  /** JWK Set (RFC 7517 §5), as JSON: public members only. */
  jwks(): string
}

export interface SigningKeys extends AssertionSigner, PublishedKeys {}
