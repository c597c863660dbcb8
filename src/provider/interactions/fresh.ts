import type { Session } from '../../core/people_types.ts'

/** Between the clock of a provider, which says when it checked somebody, and ours. */
const LEEWAY_MS = 120_000

/**
 * Whether somebody proved himself since an interaction began, which then asks for nothing fresher. The session has to be a new one as well: a
 * provider's clock may be behind ours, and an old proof that a second factor was added to is still an old one. And another one than at the
 * beginning: within one second, times do not tell which came first.
 *
 * `iat`: seconds since the epoch. `before`: the id of the session that the browser had then.
 */
export function provedSince(
  { id, created_at, auth_time }: Pick<Session, 'id' | 'created_at' | 'auth_time'>,
  iat: number,
  before?: string,
): boolean {
  if (before !== undefined && id === before) return false
  return Date.parse(created_at) >= iat * 1000 && Date.parse(auth_time) >= iat * 1000 - LEEWAY_MS
}
