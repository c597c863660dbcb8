import { hasTwoFactors } from '../../policy/route_session.ts'
import type { AccountParts, Own } from './own.ts'

/** Who changes how he signs in has proved who he is within ten minutes (OWASP ASVS 7.5.1): a browser that was left open is not he. */
export const FRESH_S = 600

/** What has to be proved first. */
export interface ProofWanted {
  readonly maxAgeS: number
  readonly mfa: boolean
}

/** `undefined`: the session is fresh enough, and strong enough for an account that has a second factor. */
export async function proofWanted(
  { factors, now }: Pick<AccountParts, 'factors' | 'now'>,
  { account, session }: Own,
): Promise<ProofWanted | undefined> {
  const { totp, passkeys } = await factors.state(account.id)
  const mfa = totp || passkeys > 0
  const age = now().getTime() - Date.parse(session.auth_time)
  // A clock that was set back makes nobody fresh.
  const isFresh = Math.abs(age) <= FRESH_S * 1000
  return isFresh && (!mfa || hasTwoFactors(session.amr)) ? undefined : { maxAgeS: FRESH_S, mfa }
}
