import { OctroiError } from '../core/errors.ts'
import type { Admission } from '../inbound/admission.ts'
import type { Callers } from '../inbound/caller.ts'
import type { Entrance, Visit } from '../inbound/entrance.ts'
import { readHead } from '../inbound/request_head.ts'
import type { Call } from './call.ts'
import { refuseUrl } from './match.ts'

export interface Authenticating {
  readonly callers: Callers
  readonly entrance: Entrance
}

/** Step two: who calls, from where, with what. */
export function authenticate(call: Call, parts: Authenticating, version: number): Admission | Promise<Admission> {
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
  return parts.entrance.admit(call as Visit, version)
}
