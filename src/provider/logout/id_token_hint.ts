import { compactVerify, createLocalJWKSet, errors } from 'jose'
import { ID_TOKEN_ALGS } from '../../core/openid_types.ts'
import type { PublishedKeys } from '../../core/signing_keys.ts'

/** What an ID token of ours says of a session, whether or not it has expired (RP-Initiated Logout 1.0 §2). */
export interface IdTokenHint {
  readonly client: string
  /** `undefined`: signed by a key that is published no longer, so that it proves nothing. It is no fault of whoever kept it. */
  readonly proved: { readonly subject: string; readonly sid: string | null } | undefined
}

/** Of an ID token; the logout token and the access token say what they are instead (RFC 8725 §3.11). */
const TYPES: readonly unknown[] = [undefined, 'JWT']

/** `undefined`: it is no ID token of ours. */
export async function readIdTokenHint(
  hint: string,
  { issuer, keys }: { readonly issuer: string; readonly keys: PublishedKeys },
): Promise<IdTokenHint | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(hint, createLocalJWKSet(JSON.parse(keys.jwks())), {
      algorithms: [...ID_TOKEN_ALGS],
    })
    if (!TYPES.includes(protectedHeader.typ)) return undefined
    const claims = claimsOf(payload, issuer)
    if (claims === undefined || typeof claims.sub !== 'string') return undefined
    const sid = typeof claims.sid === 'string' ? claims.sid : null
    return { client: claims.aud, proved: { subject: claims.sub, sid } }
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return unproved(hint, issuer)
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** For whom it was, as anybody might have written it: worth as much as a `client_id`. */
function unproved(hint: string, issuer: string): IdTokenHint | undefined {
  try {
    const claims = claimsOf(Buffer.from(hint.split('.')[1] ?? '', 'base64url'), issuer)
    return claims && { client: claims.aud, proved: undefined }
  } catch {
    return undefined
  }
}

interface HintClaims {
  readonly aud: string
  readonly sub?: unknown
  readonly sid?: unknown
}

function claimsOf(payload: Uint8Array, issuer: string): HintClaims | undefined {
  const claims: unknown = JSON.parse(new TextDecoder().decode(payload))
  if (typeof claims !== 'object' || claims === null) return undefined
  const { iss, aud, sub, sid } = claims as Readonly<Record<string, unknown>>
  return iss === issuer && typeof aud === 'string' ? { aud, sub, sid } : undefined
}
