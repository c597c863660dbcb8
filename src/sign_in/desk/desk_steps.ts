import { OctroiError } from '../../core/errors.ts'
import type { SignInMethod } from '../../core/people_types.ts'
import { hasTwoFactors } from '../../policy/route_session.ts'
import { SignInRefused } from '../method.ts'
import type { SignInStage } from '../stage.ts'
import { addressTowards, enter, isConflict, linkOnly } from './arrivals.ts'
import { waysFor } from './choosing.ts'
import { basePathOf, type DeskParts } from './desk_parts.ts'
import { record } from './sign_in_record.ts'
import { beginState, type SignInState, together } from './sign_in_state.ts'
import { StepTickets } from './step_tickets.ts'
import { STEPS_FOR, stepNamed } from './steps/index.ts'
import { type AskedStage, type At, type Fields, isQuestion, type Question } from './steps/step.ts'
import type { Telling } from './telling.ts'
import type { Outcome, Visit } from './visit.ts'

/** In the trail: nobody signed in by it. */
const LINKED = 'account.identities.link'

/** Takes a sign-in from its first proof to its end, question by question. */
export class DeskSteps {
  readonly #parts: DeskParts
  readonly #tickets: StepTickets

  constructor(parts: DeskParts) {
    this.#parts = parts
    this.#tickets = new StepTickets(parts)
  }

  /** From where it stands: every step of its purpose is asked, in order, until one has a question, one refuses, or all are content. */
  async go(begun: SignInState, visit: Visit, raced = false): Promise<Outcome> {
    const method = await this.#methodOf(begun)
    let state = { ...begun, flow: await this.#current(begun.flow) }
    for (const step of STEPS_FOR[begun.flow.purpose.kind]) {
      const next = await step.ask(state, this.#at(method, visit))
      if (isQuestion(next)) return this.#put(next)
      state = next
    }
    return this.#arrive(state, method, visit, raced)
  }

  /** A session that lacks nothing but a second factor is raised by it; `undefined` where its account has none, or its method is gone. */
  async raise(flow: SignInState['flow'], visit: Visit): Promise<Outcome | undefined> {
    const { session, browser } = visit
    const found = session && (await this.#parts.methods.find(session.method))
    if (session === undefined || !found?.method.enabled) return undefined
    const own = await this.#parts.factors.state(session.account)
    if (!own.totp && own.passkeys === 0) return undefined
    const { account, amr, acr, auth_time: authTime, organization, method, id } = session
    const proof = { kind: 'account', account, amr, acr, authTime } as const
    const state = beginState(flow, this.#hash(browser), method, proof)
    return this.go({ ...state, account, raises: id, organization }, visit)
  }

  /** The question again, as it stands; `undefined`: it is none, or not this browser's. */
  async show(step: string, { browser }: Visit): Promise<SignInStage | undefined> {
    const question = await this.#tickets.peek(step, this.#hash(browser))
    if (question === undefined || question.stage.kind === 'recovery_codes') return undefined
    return this.#shown(question, step)
  }

  async answer(step: string, form: Fields, visit: Visit, told: Telling): Promise<Outcome> {
    const question = await this.#tickets.take(step, this.#hash(visit.browser))
    if (question === undefined) throw tooLate()
    Object.assign(told, { flow: question.state.flow, method: question.state.method, account: question.state.account })
    const { raises } = question.state
    if (raises !== null && visit.session?.id !== raises) throw tooLate()
    const at = this.#at(await this.#methodOf(question.state), visit)
    const next = await this.#answered(question, form, at, visit)
    return isQuestion(next) ? this.#putBack(next) : this.go(next, visit)
  }

  /** What an application asks for may have changed since the flow was sealed: its registration of this moment counts. */
  async #current(flow: SignInState['flow']): Promise<SignInState['flow']> {
    const { towards, purpose } = flow
    if ((towards.kind !== 'app' && towards.kind !== 'openid') || purpose.kind !== 'sign_in') return flow
    const { methods, mfa } = await this.#parts.applications.still(towards)
    return { ...flow, methods, mfa: flow.mfa || mfa }
  }

  /** A guess too many is no end of the sign-in. */
  async #answered(question: Question, form: Fields, at: At, visit: Visit): Promise<SignInState | Question> {
    const { state, stage } = question
    try {
      const next = (await stepNamed(question.asked).answer?.(question, form, at)) ?? question
      if (isQuestion(next) && (next.stage as { fault?: string }).fault === 'wrong')
        await record(this.#parts, visit, {
          account: state.account,
          method: state.method,
          status: 422,
          code: 'wrong_factor',
        })
      return next
    } catch (error) {
      if (!(error instanceof OctroiError) || error.code !== 'rate_limited') throw error
      await record(this.#parts, visit, { account: state.account, method: state.method, status: 429, code: error.code })
      return { ...question, stage: { ...stage, fault: 'rate_limited', retryAfterS: error.retryAfter } as AskedStage }
    }
  }

  async #arrive(state: SignInState, method: SignInMethod, visit: Visit, raced: boolean): Promise<Outcome> {
    switch (state.flow.purpose.kind) {
      case 'link':
        await linkOnly(this.#parts, { state, method, visit })
        if (state.account !== null) this.#parts.onLinked?.(state.account, visit.language)
        await record(this.#parts, visit, { account: state.account, method: method.id, status: 200, code: null }, LINKED)
        return { stage: { kind: 'onward', target: this.#own(state) } }
      case 'prove':
        return this.#linkTo(state.flow.purpose.step, state, visit)
      default:
        return this.#enter(state, method, visit, raced)
    }
  }

  async #enter(state: SignInState, method: SignInMethod, visit: Visit, raced: boolean): Promise<Outcome> {
    const started = await enter(this.#parts, { state, method, visit }).catch((error) => {
      if (!isConflict(error)) throw error
      return undefined
    })
    if (started === undefined) return this.#afterRace(state, visit, raced)
    const { session, token } = started
    await record(this.#parts, visit, { account: session.account, method: method.id, status: 200, code: null })
    // Who was invited knows of it: it is his first way in.
    if (state.link && state.flow.purpose.kind === 'sign_in') this.#parts.onLinked?.(session.account, visit.language)
    try {
      const target = await addressTowards(this.#parts, session, state.flow.towards)
      return { stage: { kind: 'onward', target }, session: token }
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error
      return { stage: { kind: 'refused', reason: error.reason, detail: error.detail, again: null }, session: token }
    }
  }

  /** The same person in two tabs at once: the other one made the account, and this one finds it. */
  async #afterRace(state: SignInState, visit: Visit, raced: boolean): Promise<Outcome> {
    if (!state.create || raced) throw new SignInRefused('stale', 'The account was changed meanwhile.')
    const again = { account: null, create: false, factorDone: hasTwoFactors(state.proof.amr), enrolled: null }
    return this.go({ ...state, ...again, amr: together(state.proof.amr), organization: undefined }, visit, true)
  }

  /** The account was proved that the waiting identity is to be linked with: that sign-in goes on, as this account. */
  async #linkTo(step: string, proved: SignInState, visit: Visit): Promise<Outcome> {
    const waiting = await this.#tickets.take(step, this.#hash(visit.browser))
    if (waiting?.asked !== 'first') throw tooLate()
    const isStrong = hasTwoFactors(proved.amr)
    const amr = isStrong ? together(waiting.state.amr, ['mfa']) : waiting.state.amr
    const enrolled = proved.enrolled ?? waiting.state.enrolled
    return this.go({ ...waiting.state, account: proved.account, link: true, amr, enrolled }, visit)
  }

  /** To the step's own address: what is reloaded there is shown again, and posts nothing. */
  async #put(question: Question): Promise<Outcome> {
    const step = await this.#tickets.put(question)
    if (question.once) return { stage: await this.#shown(question, step) }
    return { stage: { kind: 'onward', target: `${basePathOf(this.#parts)}/sign-in/step/${step}` } }
  }

  /** With what was wrong. */
  async #putBack(question: Question): Promise<Outcome> {
    const { fault, retryAfterS, ...plain } = question.stage as AskedStage & { fault?: string; retryAfterS?: number }
    const step = await this.#tickets.put({ ...question, stage: plain as AskedStage })
    return { stage: await this.#shown(question, step) }
  }

  async #shown({ stage, state }: Question, step: string): Promise<SignInStage> {
    if (stage.kind !== 'first') return { ...stage, step }
    const flow = { ...state.flow, purpose: { kind: 'prove', step }, methods: [] } as const
    return { ...stage, step, ways: await waysFor(this.#parts, flow) }
  }

  /** As it is now: who was sent away by an administrator meanwhile does not get in. */
  async #methodOf({ method: id }: SignInState): Promise<SignInMethod> {
    const found = await this.#parts.methods.find(id)
    if (!found?.method.enabled) throw new SignInRefused('stale', 'This way to sign in was switched off.')
    return found.method
  }

  #at(method: SignInMethod, { address, session }: Visit): At {
    return { parts: this.#parts, method, address, session }
  }

  #own({ flow: { towards } }: SignInState): string {
    return `${basePathOf(this.#parts)}${towards.kind === 'own' ? towards.path : '/account'}`
  }

  #hash(browser: string): string {
    return this.#parts.secrets.hash('browser', browser)
  }
}

function tooLate(): SignInRefused {
  return new SignInRefused('stale', 'This step was done already, is too old, or was begun in another browser.')
}
