import type { AuditLine } from '../core/audit.ts'
import { requestId } from '../core/ids.ts'

/** The audit line of what somebody did on the data folder itself: whoever may do that needs no key. */
export function commandLine(
  action: string,
  phase: AuditLine['phase'],
  target: string | null,
  request = requestId(),
): AuditLine {
  return {
    at: new Date().toISOString(),
    request,
    action,
    phase,
    account: null,
    key: null,
    connection: null,
    method: null,
    path: null,
    status: null,
    code: null,
    bytes_in: 0,
    bytes_out: 0,
    ms: 0,
    correlation: null,
    address: null,
    target,
  }
}
