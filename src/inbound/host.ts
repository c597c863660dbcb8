import { OctroiError } from '../core/errors.ts'

/** A name as DNS and container networks write it, an IPv4 address, or an IPv6 address in brackets; perhaps a port. */
const HOST = /^(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/

let lastGiven = ''
let lastCanonical = ''

/**
 * `Host` in its one form: lower case, no dot at the end (RFC 3986 §3.2.2). User info, spaces and anything else that is not a host are
 * refused: a service that builds links from `X-Forwarded-Host` would send its users to whatever stands there.
 */
export function canonicalHost(given: string): string {
  if (given === lastGiven) return lastCanonical
  const lower = given.toLowerCase()
  if (lower.length > 260 || !HOST.test(lower) || lower.includes('..'))
    throw new OctroiError('invalid_request', 'The header Host is not a host.')
  lastCanonical = lower.replace(/\.(?=:\d+$|$)/, '')
  lastGiven = given
  return lastCanonical
}
