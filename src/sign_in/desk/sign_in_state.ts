import type { AuthenticationMethod } from '../../core/people_types.ts'
import { hasTwoFactors } from '../../policy/route_session.ts'
import type { Flow } from '../flow.ts'
import type { Proof } from '../method.ts'

/** What is known of a sign-in between the first proof and the session. Sealed as a whole in the ticket of its step. */
export interface SignInState {
  readonly flow: Flow
  /** Hash of the cookie of the one browser that has it. */
  readonly browser: string
  /** The id of the sign-in method. */
  readonly method: string
  readonly proof: Proof
  /** Null: it will be made at the end. */
  readonly account: string | null
  /** What was chosen where nobody is known: a new account. */
  readonly create: boolean
  /** The identity is new to the account: it is added at the end. */
  readonly link: boolean
  /** What the proof and the second factor together show. */
  readonly amr: readonly AuthenticationMethod[]
  /** Nothing more is asked: the second factor was given, or was not wanted. */
  readonly factorDone: boolean
  /** A factor that is stored at the end (`SecondFactors.storeEnrolment`). */
  readonly enrolled: string | null
  /** Codes that have yet to be shown. */
  readonly codes: readonly string[] | null
  /** The session that is raised by a second factor, and by nothing more: what else it knows stays. Null: a proof of its own. */
  readonly raises: string | null
  /** `undefined`: not settled. */
  readonly organization: string | null | undefined
  /** Milliseconds since the epoch: no answer is taken later, however often one was given. */
  readonly until?: number | undefined
}

/** Each once; `mfa` where it is. */
export function together(...given: readonly (readonly AuthenticationMethod[])[]): readonly AuthenticationMethod[] {
  const all = new Set(given.flat())
  if (hasTwoFactors([...all])) all.add('mfa')
  return [...all]
}

export function beginState(flow: Flow, browser: string, method: string, proof: Proof): SignInState {
  return {
    flow,
    browser,
    method,
    proof,
    account: null,
    create: false,
    link: false,
    amr: together(proof.amr),
    factorDone: false,
    enrolled: null,
    codes: null,
    raises: null,
    organization: undefined,
  }
}
