import type { IncomingMessage } from 'node:http'
import { OctroiError } from '../core/errors.ts'
import type { HotReads } from '../core/stores.ts'
import type { Admission } from '../inbound/admission.ts'
import type { Caller, Callers } from '../inbound/caller.ts'
import type { Entrance, Visit } from '../inbound/entrance.ts'
import { containsKey, keyInUrl } from '../inbound/key_format.ts'
import { type RequestHead, readHead } from '../inbound/request_head.ts'
import type { KeyLimits } from '../policy/key_limits.ts'
import { holdsSomewhere } from '../policy/permissions.ts'

export interface Authenticating {
  readonly hot: HotReads
  readonly callers: Callers
  readonly entrance: Entrance
  readonly limits: KeyLimits
  readonly parts: {
    readonly now: () => Date
    readonly trail: { noteUse(keyId: string, at: string): void }
  }
}

/** What is known of a request so far: it is filled in on the way, for a refusal is recorded with what was known by then. */
export interface Arrival {
  head?: RequestHead
  caller?: Caller
  admission?: Admission | undefined
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
    throw keyInUrl()
  }
  const admission = await door.entrance.admit(arrival as Visit, version)
  const now = door.parts.now()
  await door.limits.count(admission.key, now.getTime())
  if (admission.key !== null) door.parts.trail.noteUse(admission.key.id, now.toISOString())
  return admission
}

export function requirePermission({ principal }: Admission, permission: string): void {
  if (holdsSomewhere(principal.permissions, permission)) return
  throw new OctroiError('not_granted', `This needs the permission ${permission}.`)
}
