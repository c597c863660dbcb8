import { OctroiError } from '../../core/errors.ts'
import { newToken } from '../../core/ids.ts'
import type { Flow } from '../flow.ts'
import type { FormMethod, OpenMethod, PasskeyMethod, Proof, RedirectMethod } from '../method.ts'
import { SignInRefused } from '../method.ts'
import type { Opened } from '../open_methods.ts'
import { TOKEN_SHAPE } from '../secrets.ts'
import type { FormFault } from '../stage.ts'
import { addressTowards } from './arrivals.ts'
import { begunName, openBegun, sealBegun, surplus } from './begun.ts'
import { choose, waysFor } from './choosing.ts'
import type { DeskParts } from './desk_parts.ts'
import { DeskSteps } from './desk_steps.ts'
import { requestedFlow } from './requested_flow.ts'
import { record } from './sign_in_record.ts'
import { beginState } from './sign_in_state.ts'
import { standingOf } from './standing.ts'
import type { Fields } from './steps/step.ts'
import { byMethod, MethodFailed, type Telling, telling } from './telling.ts'
import { type Outcome, SignInStopped, type Visit } from './visit.ts'

const MAX_LOGIN = 320
const MAX_PASSWORD = 2_048
const MAX_RESPONSE = 20_000
/** Between the clock of a provider and ours, and for the way. */
const LEEWAY_MS = 120_000

type Opening<M extends OpenMethod = OpenMethod> = Opened & { readonly open: M }

/**
 * Signs people in: visits of `/sign-in` in, stages out. Nothing is stored before somebody has proved something, and nothing is made before all
 * that can refuse it has been asked (`steps/index.ts` has the order).
 */
export class Desk {
  readonly #parts: DeskParts
  readonly #steps: DeskSteps

  constructor(parts: DeskParts) {
    this.#parts = parts
    this.#steps = new DeskSteps(parts)
  }

  /** `GET /sign-in` */
  start(query: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async (told) => {
      told.flow = await requestedFlow(query, this.#parts)
      return (await this.#already(told.flow, visit)) ?? { stage: await choose(this.#parts, told.flow, visit) }
    })
  }

  /** `GET /sign-in/{method}` */
  by(id: string, query: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async (told) => {
      told.flow = await requestedFlow(query, this.#parts)
      const { towards, methods } = told.flow
      // An application that names the method wants its people by that one.
      const wanted = towards.kind === 'app' && methods.length === 0 ? { ...told.flow, methods: [id] } : told.flow
      const opened = await this.#open(id, told)
      return (await this.#already(wanted, visit)) ?? this.#offer(opened, told.flow, visit)
    })
  }

  /** `POST /sign-in/{method}` */
  submit(id: string, form: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async (told) => {
      const opened = this.#parts.flows.open(form.flow ?? '')
      if (opened === undefined) throw new SignInRefused('stale', 'The page was open for too long.')
      told.flow = opened.flow
      const method = await this.#open(id, told)
      if (isForm(method)) return this.#checkForm(method, form, opened.flow, visit)
      if (isPasskey(method)) return this.#checkPasskey(method, form, opened, visit)
      return this.#offer(method, opened.flow, visit)
    })
  }

  /** `GET /sign-in/{method}/callback` */
  callback(id: string, query: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async (told) => {
      told.method = id
      const { state = '' } = query
      const name = begunName(state)
      const kept = TOKEN_SHAPE.test(state) ? visit.begun.get(name) : undefined
      const { secrets, now } = this.#parts
      const wanted = { method: id, state, browser: this.#hash(visit), redirectUri: this.#redirectUri(id), now: now() }
      const begun = openBegun(secrets, kept, wanted)
      if (begun === undefined)
        throw new SignInRefused('stale', 'This way back was used already, is too old, or belongs to another browser.')
      told.flow = begun.flow
      // Good once, whatever comes of it (B-37).
      told.forget = [name]
      const opened = await this.#open(id, told)
      if (!isRedirect(opened)) throw new SignInStopped('not_found')
      const { keep, redirectUri } = begun
      const proof = await byMethod(opened, () => opened.open.finish({ query, state, keep, redirectUri }))
      return this.#proved(opened, proof, begun.flow, visit)
    })
  }

  /** `GET /sign-in/step/{id}` */
  step(step: string, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const stage = await this.#steps.show(step, visit)
      if (stage === undefined)
        throw new SignInRefused('stale', 'This step was done already, is too old, or was begun in another browser.')
      return { stage }
    })
  }

  /** `POST /sign-in/step/{id}` */
  answer(step: string, form: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, (told) => this.#steps.answer(step, form, visit, told))
  }

  /** Of an account whose password was just set by a link that was sent to it. */
  bySetPassword(account: string, method: string, flow: Flow, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async (told) => {
      told.flow = flow
      const authTime = new Date(this.#parts.now()).toISOString()
      const proof = { kind: 'account', account, amr: ['pwd'], acr: null, authTime } as const
      return this.#proved(await this.#open(method, told), proof, flow, visit)
    })
  }

  /** Signed in already, and as well as is wanted: at once to where it leads. */
  async #already(flow: Flow, visit: Visit): Promise<Outcome | undefined> {
    const standing = await standingOf(visit.session, flow, this.#parts)
    if (visit.session === undefined || standing === 'not') return undefined
    if (standing === 'one_factor') return this.#steps.raise(flow, visit)
    return { stage: { kind: 'onward', target: await addressTowards(this.#parts, visit.session, flow.towards) } }
  }

  async #offer(opened: Opening, flow: Flow, visit: Visit): Promise<Outcome> {
    if (isRedirect(opened)) return this.#setOut(opened, flow, visit)
    if (isPasskey(opened)) return this.#askPasskey(opened, flow)
    return { stage: await choose(this.#parts, flow, visit, { method: opened.method.id }) }
  }

  async #setOut(opened: Opening<RedirectMethod>, flow: Flow, visit: Visit): Promise<Outcome> {
    const { secrets, now } = this.#parts
    const method = opened.method.id
    const state = newToken()
    const redirectUri = this.#redirectUri(method)
    const fresh = visit.session !== undefined || flow.maxAgeS !== null || flow.purpose.kind !== 'sign_in'
    const asked = { state, redirectUri, language: visit.language, fresh, mfa: flow.mfa }
    const { url, keep } = await byMethod(opened, () => opened.open.begin(asked))
    const value = sealBegun(secrets, { flow, method, state, keep, browser: this.#hash(visit), redirectUri, at: now() })
    if (value === undefined) throw new SignInRefused('bad_request', 'What was asked for is too long.')
    const stage = { kind: 'onward', target: url } as const
    const remember = { name: begunName(state), value }
    const fromForm = flow.purpose.kind === 'link'
    return { stage, remember, forget: surplus(secrets, visit.begun, value.length), fromForm }
  }

  async #checkForm(opened: Opening<FormMethod>, form: Fields, flow: Flow, visit: Visit): Promise<Outcome> {
    const { login = '', password = '' } = form
    const { id } = opened.method
    if (login === '' || password === '' || login.length > MAX_LOGIN || password.length > MAX_PASSWORD)
      return { stage: await choose(this.#parts, flow, visit, { method: id, login, fault: 'invalid' }) }
    try {
      const { address } = visit
      const proof = await byMethod(opened, () => opened.open.check({ login, password, address }))
      if (proof !== undefined) return await this.#proved(opened, proof, flow, visit)
      await this.#notIn(visit, id, 422, 'wrong')
      return { stage: await choose(this.#parts, flow, visit, { method: id, login, fault: 'wrong' }) }
    } catch (error) {
      const fault = faultOf(error)
      if (fault === undefined) throw error
      const { status, code, retryAfter } = error as OctroiError
      await this.#notIn(visit, id, status, code)
      return { stage: await choose(this.#parts, flow, visit, { method: id, login, fault, retryAfterS: retryAfter }) }
    }
  }

  async #askPasskey(opened: Opening<PasskeyMethod>, flow: Flow, fault?: FormFault): Promise<Outcome> {
    const { options, challenge } = await byMethod(opened, () => opened.open.begin())
    const { id } = opened.method
    const ways = await waysFor(this.#parts, flow, id)
    const sealed = this.#parts.flows.seal(flow, challenge)
    return { stage: { kind: 'passkey', method: id, flow: sealed, towards: flow.name, options, ways, fault } }
  }

  async #checkPasskey(
    opened: Opening<PasskeyMethod>,
    form: Fields,
    { flow, challenge }: { readonly flow: Flow; readonly challenge: string | undefined },
    visit: Visit,
  ): Promise<Outcome> {
    const response = jsonOf(form.response ?? '')
    if (challenge === undefined || response === undefined) return this.#askPasskey(opened, flow, 'invalid')
    const proof = await byMethod(opened, () => opened.open.finish({ response, challenge }))
    if (proof !== undefined) return this.#proved(opened, proof, flow, visit)
    await this.#notIn(visit, opened.method.id, 422, 'wrong')
    return this.#askPasskey(opened, flow, 'wrong')
  }

  async #proved(opened: Opening, proof: Proof, flow: Flow, visit: Visit): Promise<Outcome> {
    const age = this.#parts.now() - Date.parse(proof.authTime)
    if (flow.maxAgeS !== null && age > flow.maxAgeS * 1000 + LEEWAY_MS)
      throw new SignInRefused('too_weak', 'The provider did not let the person prove himself anew.')
    return this.#steps.go(beginState(flow, this.#hash(visit), opened.method.id, proof), visit)
  }

  async #open(id: string, told: Telling): Promise<Opening> {
    const opened = await this.#parts.methods.find(id)
    if (opened === undefined) throw new SignInStopped('not_found')
    told.method = id
    if (!opened.method.enabled || opened.possible === false) throw new SignInStopped('method_off')
    const methods = told.flow?.methods ?? []
    if (methods.length > 0 && !methods.includes(id))
      throw new SignInRefused('not_allowed', 'The application does not take this way to sign in.')
    const { open } = opened
    if (open === undefined) throw new MethodFailed(opened, 503, new Error('it is not set up so that it works'))
    return { ...opened, open }
  }

  async #notIn(visit: Visit, method: string, status: number, code: string): Promise<void> {
    this.#parts.log.info({ request_id: visit.requestId, sign_in_method: method, reason: code }, 'a sign-in failed')
    await record(this.#parts, visit, { account: null, method, status, code })
  }

  /** A place of its own for each method (D4). */
  #redirectUri(method: string): string {
    return `${this.#parts.publicUrl}/sign-in/${method}/callback`
  }

  #hash({ browser }: Visit): string {
    return this.#parts.secrets.hash('browser', browser)
  }
}

function isForm(opened: Opening): opened is Opening<FormMethod> {
  return opened.open.type === 'form'
}

function isRedirect(opened: Opening): opened is Opening<RedirectMethod> {
  return opened.open.type === 'redirect'
}

function isPasskey(opened: Opening): opened is Opening<PasskeyMethod> {
  return opened.open.type === 'passkey'
}

/** What the form can say itself: to be tried again later, with the same. */
function faultOf(error: unknown): FormFault | undefined {
  if (!(error instanceof OctroiError)) return undefined
  return error.code === 'rate_limited' || error.code === 'busy' ? error.code : undefined
}

function jsonOf(text: string): unknown {
  if (text === '' || text.length > MAX_RESPONSE) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
