import type { Issuer } from '../core/program_types.ts'

/** A compact JWS as it was sent, taken apart; its signature is not verified yet. */
export interface ReadToken {
  readonly text: string
  readonly header: JsonObject
  readonly claims: JsonObject
}

export type JsonObject = Readonly<Record<string, unknown>>

/** RFC 7515 §7.1: three parts. JWE has five (RFC 7516 §7.1) and is not read. */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/

/** Undefined for what is not a compact JWS of two JSON objects, or could be written in another way. */
export function readToken(text: string): ReadToken | undefined {
  const [, head = '', body = '', signature = ''] = COMPACT.exec(text) ?? []
  // RFC 4648 §3.5: unused bits at the end make several texts of one token.
  if (![head, body, signature].every((part) => part === Buffer.from(part, 'base64url').toString('base64url')))
    return undefined
  const header = jsonObject(head)
  const claims = jsonObject(body)
  return header === undefined || claims === undefined ? undefined : { text, header, claims }
}

function jsonObject(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Headers by which a token brings its own key, or its own rules of reading (RFC 7515 §4.1, RFC 7797): an attacker's choice. */
const NEVER_HEADERS = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c', 'zip']

/**
 * Claims of what is no access token: a logout token (OpenID Connect Back-Channel Logout §2.4), an ID token of a sign-in (OpenID Connect Core
 * §3.1.3.6, §3.3.2.11); and of a token that is of use only with a key or a certificate (RFC 7800), which was not asked for here.
 */
const NEVER_CLAIMS = ['events', 'at_hash', 'c_hash', 'cnf']

/** Keycloak says in a claim what `typ` of the header does not. */
const NEVER_TYPES = new Set(['id', 'refresh', 'offline', 'logout'])

const DEFAULT_TYPES = new Set(['jwt', 'at+jwt'])

/** What has to hold of the header before the signature is worth verifying (RFC 8725 §3.1, §3.11). */
export function headerFits({ header }: ReadToken, issuer: Issuer): boolean {
  if (NEVER_HEADERS.some((name) => Object.hasOwn(header, name))) return false
  const { alg, typ, kid } = header
  if (typeof alg !== 'string' || !issuer.algorithms.includes(alg) || /^(?:none|HS\d+)$/i.test(alg)) return false
  if (kid !== undefined && typeof kid !== 'string') return false
  if (typ === undefined) return issuer.typ === null
  if (typeof typ !== 'string') return false
  return issuer.typ === null ? DEFAULT_TYPES.has(mediaType(typ)) : mediaType(typ) === mediaType(issuer.typ)
}

/** RFC 7515 §4.1.9: compared without case, `application/` left out. */
function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '')
}

/** The end of the year 9999, seconds since the epoch: what comes after cannot be written as a time. */
const LAST_SECOND = 253_402_300_799

/** What has to hold of the claims (RFC 8725 §3.8, §3.9), but that the token has not ended: see `endOf`. */
export function claimsFit({ claims }: ReadToken, issuer: Issuer, nowMs: number): boolean {
  if (claims.iss !== issuer.issuer || NEVER_CLAIMS.some((name) => Object.hasOwn(claims, name))) return false
  if (typeof claims.typ === 'string' && NEVER_TYPES.has(claims.typ.toLowerCase())) return false
  const { aud, exp, nbf, iat } = claims
  const audiences = typeof aud === 'string' ? [aud] : aud
  if (!Array.isArray(audiences) || !audiences.every((one) => typeof one === 'string')) return false
  if (!audiences.some((one) => issuer.audience.includes(one))) return false
  if (!isTime(exp)) return false
  const latest = nowMs / 1000 + issuer.clock_skew_s
  const begun = (time: unknown) => time === undefined || (isTime(time) && time <= latest)
  return begun(nbf) && begun(iat) && meetsConditions(claims, issuer.conditions)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND
}

/** When the token is no longer taken, milliseconds since the epoch. */
export function endOf({ claims }: ReadToken, issuer: Issuer): number {
  return Math.min((claims.exp as number) + issuer.clock_skew_s, LAST_SECOND) * 1000
}

/** Each claim is one of its values, or a list with one of them (D10). */
function meetsConditions(claims: JsonObject, conditions: Issuer['conditions']): boolean {
  return Object.entries(conditions).every(([name, values]) => {
    if (!Object.hasOwn(claims, name)) return false
    return [claims[name]].flat().some((value) => isPlain(value) && values.includes(String(value)))
  })
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
}

/** The account that the token speaks for, or undefined. Without conditions a fixed account would be everybody's (D10). */
export function subjectOf({ claims }: ReadToken, issuer: Issuer): string | undefined {
  const { account, accounts, subject_claim, conditions } = issuer
  if (account !== null) return Object.keys(conditions).length === 0 ? undefined : account
  const subject = Object.hasOwn(claims, subject_claim) ? claims[subject_claim] : undefined
  if (typeof subject !== 'string') return undefined
  return accounts.length === 0 || accounts.includes(subject) ? subject : undefined
}
