import { asOctroiError, OctroiError } from '../../core/errors.ts'
import type { Flow } from '../flow.ts'
import { type Refusal, SignInRefused } from '../method.ts'
import type { Opened } from '../open_methods.ts'
import { STOPS } from '../stage.ts'
import { unavailable } from './choosing.ts'
import { basePathOf, type DeskParts } from './desk_parts.ts'
import { briefly, record } from './sign_in_record.ts'
import { type Outcome, SignInStopped, type Visit } from './visit.ts'

/** What is known of a visit when it fails: filled in on the way. */
export interface Telling {
  flow?: Flow | undefined
  method?: string | undefined
  account?: string | null | undefined
  /** Cookies that have served, whatever comes of it. */
  forget?: readonly string[] | undefined
}

/** The method, or who stands behind it, does not do its work. Nobody is to blame who visits, and another method may. */
export class MethodFailed extends Error {
  override readonly name = 'MethodFailed'
  readonly opened: Opened
  readonly status: 502 | 503 | 504

  constructor(opened: Opened, status: 502 | 503 | 504, cause: unknown) {
    super(`the sign-in method ${opened.method.id} failed`, { cause })
    this.opened = opened
    this.status = status
  }
}

/** Refusals after which the same again would be refused again. */
const FINAL: readonly Refusal[] = ['bad_request', 'loop']

/** Carries a visit out, and makes a page of whatever stops it. Each failure is one line in the log; a refusal is in the trail as well. */
export async function telling(
  parts: DeskParts,
  visit: Visit,
  work: (told: Telling) => Promise<Outcome>,
): Promise<Outcome> {
  const told: Telling = {}
  try {
    const outcome = await work(told)
    return { ...outcome, forget: [...(outcome.forget ?? []), ...(told.forget ?? [])] }
  } catch (error) {
    return { stage: await stageOf(parts, visit, told, error), forget: told.forget }
  }
}

async function stageOf(parts: DeskParts, visit: Visit, told: Telling, error: unknown): Promise<Outcome['stage']> {
  if (error instanceof SignInRefused) return refused(parts, visit, told, error)
  if (error instanceof MethodFailed) return failed(parts, visit, told, error)
  if (error instanceof SignInStopped && STOPS[error.reason] < 500)
    return { kind: 'stopped', reason: error.reason, again: again(parts, told) }
  throw error
}

async function refused(parts: DeskParts, visit: Visit, told: Telling, error: SignInRefused): Promise<Outcome['stage']> {
  const { reason, detail, status, cause } = error
  const fields = { request_id: visit.requestId, sign_in_method: told.method, reason, detail, cause: briefly(cause) }
  parts.log.warn(fields, 'a sign-in was refused')
  // Where nobody tried anything there is nobody to hold it against: an address alone must not fill a trail that is kept for years.
  const isTried = told.method !== undefined || told.account != null || visit.session !== undefined
  if (isTried)
    await record(parts, visit, { account: told.account ?? null, method: told.method ?? null, status, code: reason })
  // Whoever is signed in and may not is not asked anything the next time either.
  const isOpenId = told.flow?.towards.kind === 'openid'
  const isFinal = FINAL.includes(reason) || (reason === 'not_allowed' && visit.session !== undefined && !isOpenId)
  const page = { kind: 'refused', reason, detail, towards: told.flow?.name } as const
  if (isFinal) return { ...page, again: null }
  return { ...page, again: again(parts, reason === 'not_allowed' ? byAnother(told) : told) }
}

async function failed(
  parts: DeskParts,
  visit: Visit,
  told: Telling,
  { opened: { method }, status, cause }: MethodFailed,
): Promise<Outcome['stage']> {
  const fields = { request_id: visit.requestId, sign_in_method: method.id, status, cause: briefly(cause) }
  parts.log.error(fields, 'a sign-in method failed')
  await record(parts, visit, { account: null, method: method.id, status, code: codeOf(cause) })
  return unavailable(parts, told.flow as Flow, method, status)
}

/** What a method does is its own trouble, not the visitor's and not ours: but the store's, the queue's and the throttle's answers are ours. */
export async function byMethod<T>(opened: Opened, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SignInRefused || isOurs(error)) throw error
    const { status } = asOctroiError(error)
    throw new MethodFailed(opened, status === 503 || status === 504 ? status : 502, error)
  }
}

const OURS: readonly string[] = ['rate_limited', 'busy', 'store_unavailable']

function isOurs(error: unknown): boolean {
  return error instanceof OctroiError && OURS.includes(error.code)
}

function codeOf(cause: unknown): string {
  return cause instanceof OctroiError ? cause.code : 'upstream_unreachable'
}

/** Who may not is no reason for somebody else, at the same keyboard, not to come. */
function byAnother(told: Telling): Telling {
  return told.flow === undefined ? told : { ...told, flow: { ...told.flow, another: true } }
}

/** Where the same is tried again. */
function again(parts: DeskParts, { flow }: Telling): string {
  const base = `${basePathOf(parts)}/sign-in`
  return flow === undefined ? base : `${base}?flow=${parts.flows.seal(flow)}`
}
