import type { AuditTrail } from '../../core/audit.ts'
import type { SignInOutcome } from '../../core/metrics.ts'
import type { Visit } from './visit.ts'

export interface RecordParts {
  readonly trail: AuditTrail
  readonly onOutcome?: ((outcome: SignInOutcome) => void) | undefined
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Recorded {
  /** `null`: not known, or of no account. What was typed is never here. */
  readonly account: string | null
  readonly method: string | null
  readonly status: number
  /** Why not; null: it went well. */
  readonly code: string | null
}

const SIGN_IN = 'sign-in'

/** Every sign-in is in the trail: that it went well, or why not. On disk before the answer where it went well. */
export async function record(
  { trail, now, onOutcome }: RecordParts,
  { requestId, address, began }: Pick<Visit, 'requestId' | 'address' | 'began'>,
  { account, method, status, code }: Recorded,
  action = SIGN_IN,
): Promise<void> {
  if (action === SIGN_IN) onOutcome?.(outcomeOf(status, code))
  trail.record({
    at: new Date(now()).toISOString(),
    request: requestId,
    action,
    phase: 'finished',
    account,
    key: null,
    connection: null,
    method: null,
    path: null,
    status,
    code,
    bytes_in: 0,
    bytes_out: 0,
    ms: Math.round((performance.now() - began) * 10) / 10,
    correlation: null,
    address,
    target: method === null ? null : `sign-in-method:${method}`,
  })
  if (code === null) await trail.flushed()
}

function outcomeOf(status: number, code: string | null): SignInOutcome {
  if (code === null) return 'signed_in'
  if (code.startsWith('wrong')) return 'wrong'
  if (code === 'rate_limited' || code === 'busy') return 'limited'
  return status >= 500 ? 'unavailable' : 'refused'
}

/** For the log: what failed, all the way down. A provider's answer may hold codes and tokens, so nothing but names and messages. */
export function briefly(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return ''
  const { code, cause } = error as Error & { code?: unknown }
  const head = [error.name, typeof code === 'string' ? code : '', error.message].filter(Boolean).join(' ')
  const rest = briefly(cause, depth + 1)
  return `${head.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)}${rest === '' ? '' : ` <- ${rest}`}`
}
