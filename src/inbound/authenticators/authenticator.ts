import type { CredentialKind } from '../../core/program_types.ts'
import type { Admission } from '../admission.ts'
import type { Presented } from '../presented.ts'

/** What an authenticator is told of a request. */
export interface Asking {
  /** Only the places that this authenticator may look at; the others are null. */
  readonly presented: Presented
  /** What `HotReads.version()` gave for this request, before anything was loaded. */
  readonly version: number
  /** Of the caller, for what costs more than a look-up and is therefore rationed. */
  readonly address: string
}

/** An admission that is not judged yet; `undefined`: a credential of this kind that is nobody's; `null`: not my kind of credential. */
export type Found = Admission | undefined | null

/**
 * One way for a program to prove who it is. Throws what is not about the credential (`rate_limited` before costly work, 5xx for our
 * own trouble); that the credential is wrong is an answer, not an error: the entrance says it, in the same words for all.
 */
export interface Authenticator {
  readonly kind: CredentialKind
  find(asking: Asking): Found | Promise<Found>
}
