import type { Session } from '../../core/people_types.ts'
import type { SignInStage, Stop } from '../stage.ts'

/** Who visits the pages of sign-in, as far as it matters to them. */
export interface Visit {
  /** Under which the log has it. */
  readonly requestId: string
  /** `performance.now()` at its beginning. */
  readonly began: number
  /** The value of the browser's cookie. */
  readonly browser: string
  /** The client's address. */
  readonly address: string
  readonly userAgent: string | undefined
  readonly language: 'en' | 'fr'
  /** Of this browser, at our own pages. */
  readonly session: Session | undefined
  /** Cookies of people on their way to a provider: last part of the name → value. */
  readonly begun: ReadonlyMap<string, string>
}

/** What came of a visit: the stage that its page shows, and what the browser is to keep or forget. */
export interface Outcome {
  readonly stage: SignInStage
  /** A form of ours led here by a redirect, which the page of that form holds against `form-action`: a page leads on from here. */
  readonly fromForm?: boolean | undefined
  /** The token of a new session. */
  readonly session?: string | undefined
  /** The browser no longer has a session. */
  readonly signedOut?: boolean | undefined
  readonly remember?: { readonly name: string; readonly value: string } | undefined
  readonly forget?: readonly string[] | undefined
}

/** What the browser sent is not taken, or leads nowhere: a page that says so, and nothing more. */
export class SignInStopped extends Error {
  override readonly name = 'SignInStopped'
  readonly reason: Stop

  constructor(reason: Stop) {
    super(reason)
    this.reason = reason
  }
}
