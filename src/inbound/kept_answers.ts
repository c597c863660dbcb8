import type { KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { OctroiError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { ActivityStore, ReplayRow } from '../core/stores.ts'
import { hmac, type ValueSealer } from '../core/vault.ts'

const LOOK_AGAIN_MS = 100

/** The right to carry a request out. Once it has lapsed and another has it, both of these do nothing. */
export interface Claim {
  /** `null`: too large to keep; whoever asks again is refused. */
  keep(answer: string | null, keepMs: number): Promise<void>
  release(): Promise<void>
}

/** Milliseconds. */
export interface Patience {
  /** The claim of a process that died is free again after so long. */
  readonly holdMs: number
  /** How long the answer of a request under way is waited for; `busy` then. */
  readonly waitMs: number
  /** Seconds that a `busy` caller is told to wait. */
  readonly retryAfter: number
}

/**
 * Answers kept per `Idempotency-Key`: one effect for any number of requests with the same scope and body. Asked only after the
 * request was authorised; the scope names the caller; sealed; expiring (D13).
 */
export class KeptAnswers {
  readonly #activity: ActivityStore
  readonly #key: KeyObject
  readonly #sealer: ValueSealer

  constructor(activity: ActivityStore, key: KeyObject, sealer: ValueSealer) {
    this.#activity = activity
    this.#key = key
    this.#sealer = sealer
  }

  /** The claim, or the answer that was kept. Throws `idempotency_mismatch`, or `busy` after waiting. */
  async claim(scope: readonly unknown[], body: string | Uint8Array, patience: Patience): Promise<Claim | string> {
    const id = hmac(this.#key, JSON.stringify(scope))
    const body_hash = hmac(this.#key, body)
    const fence = randomId(16)
    for (const giveUpAt = performance.now() + patience.waitMs; ; await sleep(LOOK_AGAIN_MS)) {
      const expires_at = fromNow(patience.holdMs)
      const row: ReplayRow = { id, body_hash, state: 'in_flight', answer: null, expires_at, fence }
      const holder = await this.#activity.claimReplay(row, fromNow(0))
      if (holder === undefined) return this.#claimed(id, fence)
      const kept = this.#judge(holder, body_hash)
      if (kept !== undefined) return kept
      if (performance.now() >= giveUpAt) throw stillBusy(patience.retryAfter)
    }
  }

  #claimed(id: string, fence: string): Claim {
    return {
      keep: (answer, keepMs) =>
        this.#activity.finishReplay({
          id,
          fence,
          state: answer === null ? 'too_large' : 'done',
          answer: answer === null ? null : this.#sealer.seal(Buffer.from(answer), id),
          expires_at: fromNow(keepMs),
        }),
      release: () => this.#activity.releaseReplay(id, fence),
    }
  }

  /** `undefined`: not answered yet. */
  #judge({ id, state, answer, body_hash }: ReplayRow, asked: string): string | undefined {
    if (body_hash !== asked) throw mismatch('This Idempotency-Key was used for another body.')
    if (state === 'in_flight') return undefined
    if (answer === null) throw mismatch('The first request was answered, and its answer was too large to keep.')
    return this.#sealer.open(answer, id).toString()
  }
}

function fromNow(ms: number): string {
  return new Date(Date.now() + ms).toISOString()
}

function mismatch(detail: string): OctroiError {
  return new OctroiError('idempotency_mismatch', detail)
}

function stillBusy(retryAfter: number): OctroiError {
  const detail = 'The first request with this Idempotency-Key has not been answered yet.'
  return new OctroiError('busy', detail, { retryAfter })
}
