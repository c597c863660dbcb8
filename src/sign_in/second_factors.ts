import type { AuthenticationMethod } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'

/** What the desk asks of second factors. Nothing here knows of pages or flows. */

export interface FactorState {
  readonly totp: boolean
  readonly passkeys: number
  /** How many are left. */
  readonly recoveryCodes: number
}

export interface FactorOptions {
  /** For `navigator.credentials.get`, JSON (WebAuthn §5.1.10.2); null where the account has no passkey. */
  readonly passkey: unknown
  /** What `check` wants back; sealed in the step, never shown. */
  readonly keep: string
}

/** What was typed or sent: one of them. */
export interface FactorInput {
  readonly code?: string | undefined
  readonly recoveryCode?: string | undefined
  /** JSON of the browser's credential. */
  readonly response?: string | undefined
  readonly keep: string
  /** Of the caller, for the throttle. */
  readonly address: string
}

/** An enrolment on its way: nothing of it is stored, for the account may not be there yet. */
export interface Enrolling {
  /** Base32, as the person types it. */
  readonly secret: string
  /** `otpauth://...` */
  readonly uri: string
  /** What `confirmEnrolment` wants back; sealed in the step. */
  readonly keep: string
}

export interface Enrolled {
  /** What `storeEnrolment` wants: the secret, the time step of the code that was taken, hashes of the recovery codes. Sealed in the step. */
  readonly keep: string
  /** Recovery codes, shown once. */
  readonly codes: readonly string[]
}

export interface SecondFactors {
  state(account: string): Promise<FactorState>
  options(account: string): Promise<FactorOptions>
  /** What it adds to `amr` (`otp`; `kba`; `hwk`/`swk` and `user`); `undefined`: wrong, or used already (T42). Throws `rate_limited`. */
  check(account: string, input: FactorInput): Promise<readonly AuthenticationMethod[] | undefined>
  /** `label` names the account in the person's app. */
  beginEnrolment(label: string): Promise<Enrolling>
  /** `identity` is the bucket of the throttle. `undefined`: the code is not of this secret. Throws `rate_limited`. */
  confirmEnrolment(input: {
    readonly keep: string
    readonly code: string
    readonly identity: string
    readonly address: string
  }): Promise<Enrolled | undefined>
  /** In the transaction in which the session is made. */
  storeEnrolment(store: Store, account: string, keep: string): Promise<void>
}
