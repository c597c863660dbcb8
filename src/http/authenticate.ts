import type { IncomingMessage } from 'node:http'
import { OctroiError } from '../core/errors.ts'
import type { HotReads } from '../core/stores.ts'
import {
  type Admission,
  type Admissions,
  missingCredential,
  requireUsable,
  requireWithinLimit,
} from '../inbound/admissions.ts'
import type { Caller, Callers } from '../inbound/caller.ts'
import { presentedSecret } from '../inbound/credentials.ts'
import { containsKey } from '../inbound/key_format.ts'
import { type RequestHead, readHead } from '../inbound/request_head.ts'
import { holdsSomewhere } from '../policy/permissions.ts'
import type { RateLimiter } from '../policy/rate_limit.ts'

export interface Authenticating {
  readonly hot: HotReads
  readonly callers: Callers
  readonly admissions: Admissions
  readonly limiter: RateLimiter
  readonly parts: {
    readonly now: () => Date
    readonly trail: { noteUse(keyId: string, at: string): void }
  }
}

/** What is known of a request so far: it is filled in on the way, for a refusal is recorded with what was known by then. */
export interface Arrival {
  head?: RequestHead
  caller?: Caller
  admission?: Admission
}

/** Who calls, from where, with what key: for every door but the proxy's, which takes the same steps on its hot path. */
export async function authenticate(
  request: IncomingMessage,
  door: Authenticating,
  arrival: Arrival = {},
): Promise<Admission> {
  const version = await door.hot.version()
  const head = readHead(request.rawHeaders)
  arrival.head = head
  arrival.caller = door.callers.identify(request.socket, head)
  if (containsKey(request.url as string)) {
    throw new OctroiError(
      'invalid_request',
      'A key was sent in the URL, where logs keep it. Revoke it, and send the new one in a header.',
    )
  }
  const secret = presentedSecret(head)
  if (secret === null) throw missingCredential()
  const now = door.parts.now()
  const admission = requireUsable(await door.admissions.find(version, secret), arrival.caller.address, now.getTime())
  arrival.admission = admission
  requireWithinLimit(admission, door.limiter, now.getTime())
  door.parts.trail.noteUse(admission.principal.key_id, now.toISOString())
  return admission
}

export function requirePermission({ principal }: Admission, permission: string): void {
  if (holdsSomewhere(principal.permissions, permission)) return
  throw new OctroiError('not_granted', `This needs the permission ${permission}.`)
}
