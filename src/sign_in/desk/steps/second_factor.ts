import type { AuthenticationMethod } from '../../../core/people_types.ts'
import { hasTwoFactors } from '../../../policy/route_session.ts'
import type { FactorState } from '../../second_factors.ts'
import { type SignInState, together } from '../sign_in_state.ts'
import type { AskedStage, At, Fields, Question, Step } from './step.ts'

type Asked = Extract<AskedStage, { kind: 'second_factor' }>
type Enrol = Extract<AskedStage, { kind: 'enrol' }>

/**
 * A second factor, where the method, the application or the route wants one. What the provider checked itself counts, and so does a passkey
 * that verified the person. Who must have one and has none sets one up; it is stored with the session, not before.
 */
export const secondFactorStep: Step = {
  name: 'second_factor',
  async ask(state, at) {
    if (state.codes !== null) return codesShown(state, state.codes)
    if (state.factorDone || hasTwoFactors(state.amr)) return { ...state, factorDone: true }
    const wanted = wantedOf(state, at)
    if (wanted === 'never') return { ...state, factorDone: true }
    const own = state.account === null ? NONE : await at.parts.factors.state(state.account)
    if (own.totp || own.passkeys > 0) return factorAsked(state, own, at)
    return wanted === 'required' ? enrolment(state, at) : { ...state, factorDone: true }
  },
  async answer(question, form, at) {
    switch (question.stage.kind) {
      case 'second_factor':
        return checkFactor(question, question.stage, form, at)
      case 'enrol':
        return checkEnrolment(question, question.stage, form, at)
      default:
        return { ...question.state, codes: null, factorDone: true }
    }
  },
}

const NONE: FactorState = { totp: false, passkeys: 0, recoveryCodes: 0 }

function wantedOf({ flow }: SignInState, { method }: At): 'never' | 'enrolled' | 'required' {
  if (flow.mfa) return 'required'
  // An account is linked with by all that it takes to sign in with it (T28-T30).
  if (flow.purpose.kind === 'prove' && method.second_factor === 'never') return 'enrolled'
  return method.second_factor
}

async function factorAsked(state: SignInState, own: FactorState, { parts }: At): Promise<Question> {
  const { passkey, keep } = await parts.factors.options(state.account as string)
  const stage: Asked = {
    kind: 'second_factor',
    step: '',
    towards: state.flow.name,
    totp: own.totp,
    recovery: own.recoveryCodes > 0,
    passkey,
  }
  return { asked: 'second_factor', state, stage, keep }
}

async function checkFactor(question: Question, stage: Asked, form: Fields, at: At): Promise<SignInState | Question> {
  const { state, keep } = question
  const input = {
    code: form.code,
    recoveryCode: form.recovery_code,
    response: form.response,
    keep,
    address: at.address,
  }
  const given = [form.code, form.recovery_code, form.response].filter((value) => value !== undefined && value !== '')
  if (given.length !== 1) return { ...question, stage: { ...stage, fault: 'invalid', retryAfterS: undefined } }
  const shown = await at.parts.factors.check(state.account as string, input)
  const both = shown === undefined ? undefined : together(state.amr, shown)
  // A passkey after a passkey may be the same one: without its user it stays one factor.
  const isOther = shown?.some((one) => one === 'otp' || one === 'kba') === true || !state.amr.some(isPasskey)
  if (both !== undefined && (isOther || hasTwoFactors(both)))
    return { ...state, amr: together(both, ['mfa']), factorDone: true }
  const own = await at.parts.factors.state(state.account as string)
  const again = await factorAsked(state, own, at)
  return { ...again, stage: { ...again.stage, fault: 'wrong' } as Asked }
}

async function enrolment(state: SignInState, at: At): Promise<Question> {
  const { secret, uri, keep } = await at.parts.factors.beginEnrolment(await labelOf(state, at))
  const stage: Enrol = { kind: 'enrol', step: '', towards: state.flow.name, secret, uri }
  return { asked: 'second_factor', state, stage, keep }
}

async function checkEnrolment(question: Question, stage: Enrol, form: Fields, at: At): Promise<SignInState | Question> {
  const { state, keep } = question
  const identity = state.account ?? `new ${state.browser}`
  const code = form.code ?? ''
  const enrolled = await at.parts.factors.confirmEnrolment({ keep, code, identity, address: at.address })
  if (enrolled === undefined) return { ...question, stage: { ...stage, fault: 'wrong' } }
  const amr = together(state.amr, ['otp', 'mfa'])
  return { ...state, amr, enrolled: enrolled.keep, codes: enrolled.codes }
}

function codesShown(state: SignInState, codes: readonly string[]): Question {
  const stage = { kind: 'recovery_codes', step: '', towards: state.flow.name, codes } as const
  return { asked: 'second_factor', state: { ...state, codes: null }, stage, keep: '', once: true }
}

async function labelOf({ account, proof }: SignInState, { parts }: At): Promise<string> {
  const known = account === null ? undefined : await parts.store.accounts.get(account)
  const claimed = proof.kind === 'identity' ? (proof.claims.email ?? proof.claims.name) : undefined
  return known?.id ?? claimed ?? 'Octroi'
}

function isPasskey(one: AuthenticationMethod): boolean {
  return one === 'hwk' || one === 'swk'
}
