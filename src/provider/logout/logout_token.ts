import { randomId } from '../../core/ids.ts'
import type { IdTokenAlg, LogoutNotice } from '../../core/openid_types.ts'
import type { SigningKeys } from '../../core/signing_keys.ts'

/** Seconds: the application has it within moments, or is sent another one. */
const LIFE_S = 120

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Explicit, so that none is ever taken for an ID token (RFC 8725 §3.11). */
export const LOGOUT_TYPE = 'logout+jwt'

export interface LogoutTokenParts {
  readonly issuer: string
  readonly signer: Pick<SigningKeys, 'sign' | 'ensure'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * A logout token (OpenID Connect Back-Channel Logout 1.0 §2.4): whose session has ended, and which; signed as the application's ID tokens are. It
 * has no `nonce`, by which it is told apart.
 */
export async function logoutToken(
  { issuer, signer, now }: LogoutTokenParts,
  notice: LogoutNotice,
  alg: IdTokenAlg,
): Promise<string> {
  const { client, subject, sid } = notice
  const iat = Math.floor(now() / 1000)
  const claims = { iss: issuer, aud: client, iat, exp: iat + LIFE_S, jti: randomId(22), events: { [LOGOUT_EVENT]: {} } }
  // Another process may have made it.
  await signer.ensure(alg)
  return signer.sign({ ...claims, sub: subject, sid }, LOGOUT_TYPE, alg)
}
