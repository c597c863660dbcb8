import type { AuditLine } from '../core/audit.ts'

/** Codes of calls that had gone out, or may have: their lines are kept even when the queue is full. */
const WENT_OUT: ReadonlySet<string> = new Set([
  'caller_gone',
  'internal',
  'payload_too_large',
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_rejected_credential',
  'upstream_refused_address',
])

/** Octroi itself refused, and nothing went out. */
export function wasRefused({ code }: AuditLine): boolean {
  return code !== null && !WENT_OUT.has(code)
}

/**
 * Once the queue is full nothing goes out, so the only lines that still come without bound are of refusals, which anybody can cause:
 * they are counted, not kept, or a full disk would become a full memory.
 */
export function isRefusal(line: AuditLine): boolean {
  return line.phase === 'started' || wasRefused(line)
}
