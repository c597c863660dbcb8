import { randomId } from '../core/ids.ts'
import type { Considered } from '../policy/route_reasons.ts'
import type { SessionSeen } from './session_cookie.ts'

/** What the gate saw of one check: what it read and decided, never a credential. */
export interface SeenCheck {
  /** RFC 3339. */
  readonly at: string
  readonly request: string
  /** The peer of the socket, and whether it is a trusted proxy. */
  readonly peer: string
  readonly trusted: boolean
  /** Of the caller, as far as it was believed. */
  readonly address: string | null
  /** The path by which it was asked, without a query of the original request. */
  readonly asked: string
  /** Headers that name the original request, as far as they came; names only. */
  readonly headers: readonly string[]
  readonly method: string | null
  readonly host: string | null
  readonly path: string | null
  readonly scheme: string | null
  /** The places in which a credential stood. */
  readonly credentials: readonly string[]
  /** What became of the session of a person; `null`: none was looked for. */
  readonly session: SessionSeen | null
  readonly route: string | null
  readonly considered: readonly Considered[]
  readonly status: number
  /** `null`: it passed. */
  readonly code: string | null
  readonly detail: string | null
  /** Who was let through, or would have been. */
  readonly account: string | null
  readonly key: string | null
}

export interface Trace {
  readonly id: string
  /** RFC 3339. */
  readonly expires_at: string
  /** In order. */
  readonly seen: readonly SeenCheck[]
}

const LIFETIME_MS = 60_000
/** Traces at once, and checks in one of them. */
const MAX_TRACES = 100
const MAX_SEEN = 10

interface Open {
  readonly endsAt: number
  readonly seen: SeenCheck[]
}

/**
 * Somebody wants to know what a real request looks like when it arrives here: he gets an id, sends it through his proxy in the header
 * `Octroi-Trace`, and reads what was seen. In this process alone, for a minute.
 */
export class ForwardAuthTraces {
  readonly #now: () => number
  readonly #open = new Map<string, Open>()

  /** `now`: milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether anybody waits: asked for every check. */
  get waiting(): boolean {
    return this.#open.size > 0
  }

  /** The oldest goes when there are too many. */
  open(): Trace {
    this.#forgetEnded()
    const oldest = this.#open.keys().next().value
    if (this.#open.size >= MAX_TRACES && oldest !== undefined) this.#open.delete(oldest)
    const id = randomId(32)
    this.#open.set(id, { endsAt: this.#now() + LIFETIME_MS, seen: [] })
    return this.read(id) as Trace
  }

  /** `see` is asked only where somebody waits for it: it looks at every route, and anybody can send an id. */
  note(id: string, see: () => SeenCheck): void {
    this.#forgetEnded()
    const trace = this.#open.get(id)
    if (trace !== undefined && trace.seen.length < MAX_SEEN) trace.seen.push(see())
  }

  read(id: string): Trace | undefined {
    this.#forgetEnded()
    const trace = this.#open.get(id)
    return trace && { id, expires_at: new Date(trace.endsAt).toISOString(), seen: [...trace.seen] }
  }

  #forgetEnded(): void {
    const now = this.#now()
    for (const [id, { endsAt }] of this.#open) if (now >= endsAt) this.#open.delete(id)
  }
}
