import type { AuthenticationMethod, Session } from '../core/people_types.ts'
import type { RouteSession } from '../core/program_types.ts'

/** What a route asks of a session besides being one. */

/** What the person has to prove anew, in the words of a link to the sign-in. */
export interface SessionNeeds {
  readonly mfa: boolean
  /** Seconds since the last proof, at most; null: any. */
  readonly maxAgeS: number | null
}

export const NO_NEEDS: SessionNeeds = { mfa: false, maxAgeS: null }

const KNOWN: readonly AuthenticationMethod[] = ['pwd', 'fed']
const HELD: readonly AuthenticationMethod[] = ['otp', 'hwk', 'swk', 'kba']
const PASSKEYS: readonly AuthenticationMethod[] = ['hwk', 'swk']

/** Said by whoever checked them; a passkey that knew its user; or a password and something that he holds (RFC 8176 §2). */
export function hasTwoFactors(amr: readonly AuthenticationMethod[]): boolean {
  const has = (some: readonly AuthenticationMethod[]) => some.some((one) => amr.includes(one))
  return amr.includes('mfa') || (has(PASSKEYS) && amr.includes('user')) || (has(KNOWN) && has(HELD))
}

/** What of it is missing; `undefined`: nothing. */
export function missingNeeds(
  { mfa, max_age_s }: RouteSession,
  { amr, auth_time }: Pick<Session, 'amr' | 'auth_time'>,
  nowMs: number,
): SessionNeeds | undefined {
  const lacksFactor = mfa && !hasTwoFactors(amr)
  const isOld = max_age_s !== null && nowMs - Date.parse(auth_time) > max_age_s * 1000
  return lacksFactor || isOld ? { mfa: lacksFactor, maxAgeS: isOld ? max_age_s : null } : undefined
}

/** The stricter of each. */
export function bothNeeds(a: SessionNeeds, b: SessionNeeds): SessionNeeds {
  const ages = [a.maxAgeS, b.maxAgeS].filter((age) => age !== null)
  return { mfa: a.mfa || b.mfa, maxAgeS: ages.length === 0 ? null : Math.min(...ages) }
}
