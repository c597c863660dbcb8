import type { AuditTrail } from '../core/audit.ts'
import { OctroiError } from '../core/errors.ts'
import type { Arrival } from './arrival.ts'

/** Lines of the trail: who, which application, what came of it. Never a token, a code or a secret. */

export type OpenIdAction = 'oidc.authorize' | 'oidc.token' | 'oidc.introspection' | 'oidc.revocation' | 'oidc.userinfo'

export interface Recorder {
  readonly trail: AuditTrail
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Outcome {
  readonly status: number
  /** As the standards name the error; null: it went well. */
  readonly code: string | null
  readonly bytesOut: number
}

export function record({ trail, now }: Recorder, action: OpenIdAction, arrival: Arrival, outcome: Outcome): void {
  trail.record({
    at: new Date(now()).toISOString(),
    request: arrival.id,
    action,
    phase: 'finished',
    account: arrival.account,
    key: null,
    connection: null,
    method: arrival.method,
    path: arrival.path,
    status: outcome.status,
    code: outcome.code,
    bytes_in: arrival.bytesIn,
    bytes_out: outcome.bytesOut,
    ms: Math.round((performance.now() - arrival.began) * 10) / 10,
    correlation: null,
    address: arrival.address ?? null,
    target: arrival.client === null ? null : `client:${arrival.client}`,
  })
}

/** Nothing is given out that cannot be recorded. */
export function requireTrail({ trail }: Recorder): void {
  if (!trail.full) return
  throw new OctroiError('store_unavailable', 'The audit trail cannot be written now.', { retryAfter: 5 })
}
