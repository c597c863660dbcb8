import { OctroiError } from '../../core/errors.ts'
import { resolveTest } from '../connectors/connection_input.ts'
import { ask } from '../network/ask.ts'
import { upstreamError } from '../network/upstream_error.ts'
import { credentialRefused } from '../refusal.ts'
import type { Signature } from '../scheme.ts'
import type { Target } from './targets.ts'

export interface CheckResult {
  readonly ok: boolean
  /** `accepted`, `refused` (the service refuses the credential), `failed` (it answered something else, or not at all), `untested`. */
  readonly outcome: 'accepted' | 'refused' | 'failed' | 'untested'
  readonly status: number | null
  readonly detail: string
  readonly ms: number
}

const MAX_BODY = 64 * 1024

/** Makes the connector's harmless test request with the connection's (or the given) signature. Never throws for the service's faults. */
export async function checkConnection(target: Target, signature: Signature = target.signature): Promise<CheckResult> {
  const test = resolveTest(target.connector, target.connection.settings)
  if (test === undefined) {
    return { ok: true, outcome: 'untested', status: null, detail: 'The connector declares no test request.', ms: 0 }
  }
  return probe(target, test.method, test.path, signature)
}

/** One request below the base URL, body discarded. */
export async function probe(
  target: Target,
  method: string,
  path: string,
  signature: Signature = target.signature,
): Promise<CheckResult> {
  const began = performance.now()
  const ms = () => Math.round(performance.now() - began)
  try {
    const { status, body } = await ask(target, method, path, { signature, maxBytes: MAX_BODY })
    return { ...judge(target, status, body.toString('latin1')), status, ms: ms() }
  } catch (error) {
    return { ok: false, outcome: 'failed', status: null, detail: upstreamError(error).detail, ms: ms() }
  }
}

function judge(target: Target, status: number, body: string): Pick<CheckResult, 'ok' | 'outcome' | 'detail'> {
  if (credentialRefused(target.connector, status, body)) {
    return { ok: false, outcome: 'refused', detail: `The service refused the credential (${status}).` }
  }
  if (status >= 200 && status < 300) return { ok: true, outcome: 'accepted', detail: `The service answered ${status}.` }
  return { ok: false, outcome: 'failed', detail: `The service answered ${status} to the test request.` }
}

/** What a failed check means for somebody who gives a new connection. */
export function checkFault(result: CheckResult): OctroiError {
  return new OctroiError('invalid_request', `The connection was tested and does not work: ${result.detail}`, {
    errors: [{ path: result.outcome === 'refused' ? 'secrets' : 'settings.base_url', message: result.detail }],
  })
}
