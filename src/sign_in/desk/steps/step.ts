import type { Session, SignInMethod } from '../../../core/people_types.ts'
import type { Store } from '../../../core/stores.ts'
import type { Applications } from '../../applications/contract.ts'
import type { Links } from '../../links/contract.ts'
import type { SecondFactors } from '../../second_factors.ts'
import type { SignInStage } from '../../stage.ts'
import type { SignInState } from '../sign_in_state.ts'

export type StepName = 'account' | 'first' | 'claims' | 'second_factor' | 'organization' | 'application'

/** A form that was posted: each name once. */
export type Fields = Readonly<Record<string, string>>

/** The stages that wait for an answer. `step` is filled in when the question is put. */
export type AskedStage = Extract<SignInStage, { readonly step: string }>

/** What a person is asked before it goes on. */
export interface Question {
  readonly asked: StepName
  readonly state: SignInState
  readonly stage: AskedStage
  /** For whoever checks the answer; sealed, never shown. */
  readonly keep: string
  /** What it shows is shown this once: it is in the answer to the form, and nowhere else. */
  readonly once?: boolean | undefined
}

/** What the steps may use. */
export interface StepParts {
  readonly store: Store
  readonly factors: SecondFactors
  readonly applications: Applications
  readonly links: Pick<Links, 'invited'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Where a step stands: everything that it decides on besides the state. */
export interface At {
  readonly parts: StepParts
  /** As it is set up now, not when the sign-in began. */
  readonly method: SignInMethod
  readonly address: string
  /** Of this browser, at our own pages. */
  readonly session: Session | undefined
}

/**
 * One step between a first proof and the session. Three answers: go on (the state, perhaps with more in it), ask the person (a question), or
 * `SignInRefused`. All steps are asked again after every answer, in their order: what was true a quarter of an hour ago may no longer be.
 */
export interface Step {
  readonly name: StepName
  ask(state: SignInState, at: At): Promise<SignInState | Question>
  /** What was posted to its question: the state with it, or the question again with what was wrong. */
  answer?(question: Question, form: Fields, at: At): Promise<SignInState | Question>
}

export function isQuestion(answer: SignInState | Question): answer is Question {
  return 'asked' in answer
}
