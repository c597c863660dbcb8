import { OctroiError } from '../core/errors.ts'
import { type Admission, type Admissions, missingCredential } from '../inbound/admissions.ts'
import type { Callers } from '../inbound/caller.ts'
import { presentedSecret } from '../inbound/credentials.ts'
import { readHead } from '../inbound/request_head.ts'
import type { Call } from './call.ts'
import { refuseUrl } from './match.ts'

export interface Authenticating {
  readonly callers: Callers
  readonly admissions: Admissions
}

/** Step two: who calls, from where, with what. */
export function authenticate(
  call: Call,
  parts: Authenticating,
  version: number,
): Admission | undefined | Promise<Admission | undefined> {
  const head = readHead(call.request.rawHeaders)
  call.head = head
  call.caller = parts.callers.identify(call.request.socket, head)
  // h2c is an offer that may be ignored (RFC 9110 §7.8); anything else would need the connection itself.
  if (head.upgrade !== undefined && head.upgrade.toLowerCase() !== 'h2c') {
    throw new OctroiError('unsupported', 'Upgraded connections (WebSocket) do not pass the gate.')
  }
  if (head.fetchMode === 'navigate') {
    throw new OctroiError('csrf_rejected', 'The gate is for programs: a browser may not open it as a page.')
  }
  refuseUrl(call)
  const secret = presentedSecret(head)
  if (secret === null) throw missingCredential()
  return parts.admissions.find(version, secret)
}
