import { asOctroiError, type ErrorCode, type FieldError, type OctroiError } from '../../core/errors.ts'
import type { CheckResult } from '../connections/check.ts'
import { ExchangeError } from '../exchange.ts'
import type { Values } from '../scheme.ts'
import type { RefusedStage } from './stage.ts'

/** What went wrong on the way to a connection, as the person in front of it needs to know. */

/** `unexpected_answer`: the service answered, but not as it should. `detail` is for whoever is asked for help; never a secret. */
export interface Fault {
  readonly code: ErrorCode | 'unexpected_answer'
  readonly detail: string
  readonly errors: readonly FieldError[]
}

/** The connection as it would be was tried, and does not work. */
export class TrialFailed extends Error {
  override readonly name = 'TrialFailed'
  readonly result: CheckResult

  constructor(result: CheckResult) {
    super(`${result.outcome}: ${result.detail}`)
    this.result = result
  }
}

/** Not the person's to mend, nor the service's: whoever catches these lets them through. */
const OURS: ReadonlySet<ErrorCode> = new Set(['internal', 'busy', 'store_unavailable', 'conflict'])

/** `secrets` are the names that were asked for: a refusal is said at the field that it is about. Rethrows what is our own trouble. */
export function faultOf(error: unknown, secrets: readonly string[]): Fault {
  if (error instanceof TrialFailed) return faultOfTrial(error.result, secrets)
  if (error instanceof ExchangeError) {
    return error.kind === 'human'
      ? refusal(error.detail, secrets)
      : { code: 'upstream_unreachable', detail: error.detail, errors: [] }
  }
  const { code, detail, errors = [] } = known(error)
  return { code, detail, errors }
}

/** Why a way that leads over the service came to nothing. `params` are what the service sent back. */
export function refusalOf(error: unknown, params: Values = {}): Pick<RefusedStage, 'by' | 'detail'> {
  if (error instanceof TrialFailed)
    return { by: error.result.outcome === 'refused' ? 'service' : 'trouble', detail: error.result.detail }
  if (error instanceof ExchangeError) {
    if (error.kind !== 'human') return { by: 'trouble', detail: error.detail }
    return wasDeclined(params) ? { by: 'person' } : { by: 'service', detail: error.detail }
  }
  const { code, detail, status } = known(error)
  if (code === 'identity_changed') return { by: 'other_account' }
  return { by: status >= 500 && code !== 'reconnect_required' ? 'trouble' : 'service', detail }
}

/** RFC 6749 §4.1.2.1; OAuth 1.0 has no word for it, and services use these. */
function wasDeclined({ error, denied, oauth_problem }: Values): boolean {
  return (
    error === 'access_denied' || denied !== undefined || /^(user_refused|permission_denied)$/.test(oauth_problem ?? '')
  )
}

function faultOfTrial({ outcome, status, detail }: CheckResult, secrets: readonly string[]): Fault {
  if (outcome === 'refused') return refusal(detail, secrets)
  return { code: status === null ? 'upstream_unreachable' : 'unexpected_answer', detail, errors: [] }
}

/** At the fields that the service named, or at the only one that there is. */
function refusal(detail: string, secrets: readonly string[]): Fault {
  const named = secrets.filter((name) => new RegExp(`\\b${RegExp.escape(name)}\\b`).test(detail))
  const fields = named.length === 0 && secrets.length === 1 ? secrets : named
  const errors = fields.map((name) => ({ path: `secrets.${name}`, message: 'was refused by the service' }))
  return { code: 'upstream_rejected_credential', detail, errors }
}

function known(error: unknown): OctroiError {
  const fault = asOctroiError(error)
  if (OURS.has(fault.code)) throw error
  return fault
}
