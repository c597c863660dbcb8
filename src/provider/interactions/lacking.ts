import type { Client, Session } from '../../core/people_types.ts'
import { hasTwoFactors } from '../../policy/route_session.ts'

/** What a session is short of for an application: its method, the age of its proof, a second factor. */
export type Lacking = 'method' | 'age' | 'factor'

/** The first of what is missing, in the order in which it is made good: who signs in anew gives his second factor on the way. */
export function lacking(
  { method, amr, auth_time }: Pick<Session, 'method' | 'amr' | 'auth_time'>,
  { methods, mfa, openid }: Pick<Client, 'methods' | 'mfa' | 'openid'>,
  nowMs: number,
): Lacking | undefined {
  if (methods.length > 0 && !methods.includes(method)) return 'method'
  const maxAgeS = openid?.max_age_s ?? null
  if (maxAgeS !== null && nowMs - Date.parse(auth_time) > maxAgeS * 1000) return 'age'
  return mfa && !hasTwoFactors(amr) ? 'factor' : undefined
}
