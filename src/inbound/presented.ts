import { isUtf8 } from 'node:buffer'
import { OctroiError } from '../core/errors.ts'
import type { RequestHead } from './request_head.ts'

/** Longer than any credential that is taken: keys have at most 512 characters, Basic adds a user name, tokens are the longest. */
export const MAX_CREDENTIAL = 8_192

/** What a request presents, by the place it stands in; nothing of it is believed yet. */
export interface Presented {
  /** `API-KEY`, `X-API-Key`. */
  readonly apiKey: string | null
  /** `Authorization: Bearer` (RFC 6750 §2.1): a key, or a JWT. */
  readonly bearer: string | null
  /** `Authorization: Basic` (RFC 7617). */
  readonly basic: Basic | null
  /** Subject of the client certificate, as a trusted proxy gives it. */
  readonly certificate: string | null
}

export interface Basic {
  readonly user: string
  readonly password: string
}

/** Reads every place of a credential but the certificate's, which only a trusted proxy may fill. Throws `ambiguous_credentials`. */
export function presentedIn(head: RequestHead): Presented {
  const { bearer, basic } = authorization(head.authorization)
  return { apiKey: apiKey(head), bearer, basic, certificate: null }
}

/** Two different keys are refused: a server that reads the other one would act for somebody else. */
function apiKey({ apiKey: first, xApiKey: second }: RequestHead): string | null {
  const [one, other] = [first?.trim() || null, second?.trim() || null]
  if (one !== null && other !== null && one !== other) throw ambiguous()
  return one ?? other
}

export function ambiguous(): OctroiError {
  return new OctroiError('ambiguous_credentials', 'Two different credentials were sent. Send one.')
}

const NOTHING = { bearer: null, basic: null }

/** Neither for a scheme that is not ours. */
function authorization(value: string | undefined): Pick<Presented, 'bearer' | 'basic'> {
  if (value === undefined || value.length > MAX_CREDENTIAL) return NOTHING
  const space = value.indexOf(' ')
  if (space === -1) return NOTHING
  const scheme = value.slice(0, space).toLowerCase()
  const rest = value.slice(space + 1).trim()
  if (scheme === 'bearer') return { bearer: rest === '' ? null : rest, basic: null }
  return scheme === 'basic' ? { bearer: null, basic: basicIn(rest) } : NOTHING
}

function basicIn(encoded: string): Basic | null {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return null
  const bytes = Buffer.from(encoded, 'base64')
  // What is not UTF-8 would be read as something that was not sent; control characters are not allowed (RFC 7617 §2).
  if (!isUtf8(bytes)) return null
  const text = bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1 || colon === text.length - 1 || /[\0-\x1f\x7f]/.test(text)) return null
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
