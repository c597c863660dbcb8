import { cookieIn, cookieName } from './cookies.ts'
import type { RequestHead } from './request_head.ts'
import { SESSION_FAULTS } from './session_admissions.ts'

/** Where the session of a request would be good. */
export interface SessionPlace {
  /** Null: Octroi's own pages. */
  readonly host: string | null
  /** Over HTTPS; otherwise on loopback. */
  readonly isSecure: boolean
}

/** What became of the cookie. `missing`: none came; `malformed`: two of one name, or not a token. */
export const SESSION_SEEN = ['missing', 'malformed', ...SESSION_FAULTS, 'live'] as const
export type SessionSeen = (typeof SESSION_SEEN)[number]

const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** All cookies of a request: some proxies pass them on in several lines (RFC 9113 §8.2.3). */
export function cookiesOf({ names, raw }: RequestHead): string | undefined {
  const lines = names.flatMap((name, i) => (name === 'cookie' ? [raw[2 * i + 1] as string] : []))
  return lines.length === 0 ? undefined : lines.join('; ')
}

/** A token, or why there is none. */
export function sessionCookie(
  head: RequestHead,
  { isSecure }: SessionPlace,
): { token: string } | 'missing' | 'malformed' {
  const cookies = cookiesOf(head)
  const name = cookieName('session', isSecure)
  const token = cookieIn(cookies, name, TOKEN)
  if (token !== undefined) return { token }
  return cookies?.split(';').some((pair) => pair.trim().startsWith(`${name}=`)) ? 'malformed' : 'missing'
}

/** The token of a visit that a browser made at a host before it went to sign in. */
export function visitCookie(head: RequestHead, isSecure: boolean): string | undefined {
  return cookieIn(cookiesOf(head), cookieName('visit', isSecure), TOKEN)
}

/** What is left for an application: the cookies without ours, in one line. */
export function othersCookies(head: RequestHead): string | undefined {
  const pairs = cookiesOf(head)
    ?.split(';')
    .map((pair) => pair.trim())
  return pairs?.filter((pair) => pair !== '' && !OURS.test(pair)).join('; ')
}

const OURS = /^(?:__host-|__secure-)?octroi_/i
