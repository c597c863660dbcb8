/** What the gate counts; how it is shown is the front door's matter. No label ever holds a secret or a caller's text. */
export interface GateMetrics {
  /** One answered call. `code` is Octroi's own error code, or `null` when the upstream answered. */
  answered(connection: string | null, status: number, code: string | null, seconds: number): void
}
