/** One line of the audit trail. Written by hand as JSON on the hot path, so the names and their order are fixed here. */
export interface AuditLine {
  /** RFC 3339, milliseconds. */
  readonly at: string
  readonly request: string
  /** `proxy`, or an operation of the management API or the CLI (`keys.create`). */
  readonly action: string
  /** Strict mode and administrative changes write two lines: before and after. */
  readonly phase: 'started' | 'finished'
  readonly account: string | null
  readonly key: string | null
  readonly connection: string | null
  readonly method: string | null
  /** The path alone, never the query's values. */
  readonly path: string | null
  readonly status: number | null
  /** The code when the answer was Octroi's own. */
  readonly code: string | null
  readonly bytes_in: number
  readonly bytes_out: number
  readonly ms: number
  readonly correlation: string | null
  readonly address: string | null
  /** What an administrative change was about (`key:1a2b3c4d`). */
  readonly target: string | null
}

export type AuditMode = 'batched' | 'strict'

export interface AuditTrail {
  readonly mode: AuditMode
  /** Takes the line; it is on disk within the flush interval. */
  record(line: AuditLine): void
  /** Everything recorded so far is on disk. Throws `store_unavailable` when it cannot be written. */
  flushed(): Promise<void>
  noteUse(keyId: string, at: string): void
  /** True when the queue is at its bound because the store does not take it: nothing more is let through. */
  readonly full: boolean
}
