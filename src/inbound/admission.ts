import { OctroiError } from '../core/errors.ts'
import type { AcceptKind, Principal } from '../core/program_types.ts'
import type { Account, ApiKey } from '../core/types.ts'
import type { AddressSet } from '../policy/address.ts'

/** What a credential that was found may do now, ready to be asked: everything that needs no further look-up. */
export interface Admission {
  readonly principal: Principal
  readonly account: Account
  /** Null when an account calls in by itself. */
  readonly key: ApiKey | null
  readonly addresses: AddressSet | undefined
  /** Milliseconds since the epoch; infinity when it does not end. */
  readonly endsAt: number
  /** Whatever the gate compiles for this credential, for as long as this admission is good. */
  readonly compiled: Map<string, unknown>
  /** When the last use was last noted, milliseconds since the epoch. */
  notedAt: number
}

/**
 * Whether the credential may be used now, from here. Throws the refusal. Unknown, wrong and disabled answer alike; that a key ended or
 * was revoked is said only to somebody who holds it.
 */
export function requireUsable(admission: Admission | undefined, address: string, nowMs: number): Admission {
  if (admission === undefined) throw unknownCredential()
  const { key, account } = admission
  if (key?.revoked_at != null) throw new OctroiError('key_revoked', 'This key was revoked.')
  if (nowMs >= admission.endsAt) throw new OctroiError('key_expired', 'This credential has expired.')
  if (key?.disabled_at != null) throw unknownCredential()
  if (account.disabled_at !== null && key?.usable_when_owner_inactive !== true) throw unknownCredential()
  if (admission.addresses !== undefined && !admission.addresses.has(address)) {
    throw new OctroiError('not_granted', 'This key may not be used from this address.')
  }
  return admission
}

/** Nothing was sent that could have been wrong: whoever is at a browser may be sent to sign in. */
export class NoCredential extends OctroiError {
  constructor(detail: string) {
    super('unauthenticated', detail)
  }
}

/** `kinds`: what a route takes, where it is not everything. */
export function missingCredential(kinds?: readonly AcceptKind[]): OctroiError {
  if (kinds !== undefined) return new NoCredential(`No credential was sent that is taken here: ${kinds.join(', ')}.`)
  return new NoCredential(
    'No credential was sent. Send an Octroi key as "Authorization: Bearer", "API-KEY", "X-API-Key", or as the password of Basic; or what else was agreed: a token, a password, a client certificate.',
  )
}

export function unknownCredential(): OctroiError {
  return new OctroiError('unauthenticated', 'The credential is not valid.')
}
