import type { AuditTrail } from '../../core/audit.ts'
import type { Visit } from '../../sign_in/desk/visit.ts'

/** What people decide about applications is in the trail. */

export interface RecordParts {
  readonly trail: AuditTrail
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Recorded {
  /** `oidc.authorize`: he may not use the application, or is not who it wants. */
  readonly action: 'oidc.consent' | 'oidc.device' | 'oidc.authorize'
  readonly account: string
  readonly client: string | null
  /** Why not; null: allowed. */
  readonly code: string | null
}

/** On disk before the answer where something was allowed. */
export async function recordDecision(
  { trail, now }: RecordParts,
  { requestId, address, began }: Pick<Visit, 'requestId' | 'address' | 'began'>,
  { action, account, client, code }: Recorded,
): Promise<void> {
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
    status: code === null ? 200 : (STATUS[code] ?? 403),
    code,
    bytes_in: 0,
    bytes_out: 0,
    ms: Math.round((performance.now() - began) * 10) / 10,
    correlation: null,
    address,
    target: client === null ? null : `client:${client}`,
  })
  if (code === null) await trail.flushed()
}

/** A code that was typed wrongly, or too often. */
const STATUS: Readonly<Record<string, number>> = { wrong: 422, rate_limited: 429 }
