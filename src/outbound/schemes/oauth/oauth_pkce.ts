import { createHash, randomBytes } from 'node:crypto'

/** 32 random bytes, base64url: 43 characters (RFC 7636 §4.1). Also used for the OpenID Connect nonce. */
export function randomText(): string {
  return randomBytes(32).toString('base64url')
}

/** RFC 7636 §4.2, method S256: what the service is shown before it sees the verifier itself. */
export function s256(verifier: string): string {
  return createHash('sha256').update(verifier, 'ascii').digest('base64url')
}
