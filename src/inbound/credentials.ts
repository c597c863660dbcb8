import { OctroiError } from '../core/errors.ts'
import type { RequestHead } from './request_head.ts'

/** Longer than any key that can exist here (keys are at most 255 characters, Basic adds a user name and a third). */
const MAX_AUTHORIZATION = 4_096

/**
 * The secret that a program presents: `API-KEY: K`, `X-API-Key: K`, `Authorization: Bearer K` (RFC 6750 §2.1), or Basic with the
 * key as the password (RFC 7617). `null`: none was sent. Two different ones are refused: a server that reads the other one
 * would act for somebody else.
 */
export function presentedSecret(head: RequestHead): string | null {
  const fromAuthorization = head.authorization === undefined ? null : authorizationSecret(head.authorization)
  let secret = fromAuthorization
  for (const value of [head.apiKey, head.xApiKey]) {
    const given = value?.trim()
    if (given === undefined || given === '') continue
    if (secret !== null && secret !== given) {
      throw new OctroiError('ambiguous_credentials', 'Two different credentials were sent. Send one.')
    }
    secret = given
  }
  return secret
}

/** `null` for a scheme that is not ours: another authenticator's matter. */
function authorizationSecret(value: string): string | null {
  if (value.length > MAX_AUTHORIZATION) return null
  const space = value.indexOf(' ')
  if (space === -1) return null
  const scheme = value.slice(0, space).toLowerCase()
  const rest = value.slice(space + 1).trim()
  if (scheme === 'bearer') return rest === '' ? null : rest
  return scheme === 'basic' ? basicPassword(rest) : null
}

function basicPassword(encoded: string): string | null {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const password = colon === -1 ? '' : text.slice(colon + 1)
  return password === '' ? null : password
}
