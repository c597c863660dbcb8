import type { KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { OctroiError } from '../core/errors.ts'
import type { ActivityStore, ReplayRow } from '../core/stores.ts'
import { hmac, type ValueSealer } from '../core/vault.ts'
import type { Call } from './call.ts'
import type { KeptAnswer } from './sinks.ts'

export const MAX_KEPT_BYTES = 1024 * 1024

/** What is not final: another attempt may go differently (RFC 9110 §15.5, RFC 8470 §5.2). */
const NOT_FINAL = new Set([401, 403, 407, 408, 409, 421, 423, 425, 429])

/** A claim whose process died is free again after this much more than the call itself could take. */
const CLAIM_MARGIN_MS = 30_000
const LOOK_AGAIN_MS = 100

export type Claim = { readonly id: string; readonly bodyHash: string; readonly keepSeconds: number }

/**
 * Kept answers per `Idempotency-Key`: one upstream call for any number of requests with the same key and body. Asked only after
 * the call was authorised; scoped to principal, connection, method and full target; sealed; expiring (D13).
 */
export class Replays {
  readonly #activity: ActivityStore
  readonly #key: KeyObject
  readonly #sealer: ValueSealer

  constructor(activity: ActivityStore, key: KeyObject, sealer: ValueSealer) {
    this.#activity = activity
    this.#key = key
    this.#sealer = sealer
  }

  /** The claim to make the call, or the answer that was kept. Throws `idempotency_mismatch`, or `busy` after waiting. */
  async claim(call: Call, idempotencyKey: string, body: Buffer, keepSeconds: number): Promise<Claim | KeptAnswer> {
    const scope = [
      call.admission?.principal.key_id,
      call.connectionId,
      call.method,
      call.path,
      call.query,
      idempotencyKey,
    ]
    const id = hmac(this.#key, JSON.stringify(scope))
    const bodyHash = hmac(this.#key, body)
    const timeouts = (call.target?.firstByteMs ?? 0) + (call.target?.idleMs ?? 0)
    const giveUpAt = performance.now() + (call.target?.firstByteMs ?? 0)
    for (;;) {
      const now = Date.now()
      const expires = new Date(now + timeouts + CLAIM_MARGIN_MS).toISOString()
      const row: ReplayRow = { id, body_hash: bodyHash, state: 'in_flight', answer: null, expires_at: expires }
      const holder = await this.#activity.claimReplay(row, new Date(now).toISOString())
      if (holder === undefined) return { id, bodyHash, keepSeconds }
      const kept = this.#judge(holder, bodyHash)
      if (kept !== undefined) return kept
      if (performance.now() > giveUpAt) {
        throw new OctroiError('busy', 'The first request with this Idempotency-Key has not been answered yet.', {
          retryAfter: 5,
        })
      }
      await sleep(LOOK_AGAIN_MS)
    }
  }

  /** Keeps a final answer; anything else frees the key for another attempt. */
  async settle(claim: Claim, answer: KeptAnswer): Promise<void> {
    const final =
      answer.status >= 200 && answer.status < 500 && !NOT_FINAL.has(answer.status) && !isRedirect(answer.status)
    if (!final) return this.release(claim)
    const expires_at = new Date(Date.now() + claim.keepSeconds * 1000).toISOString()
    const row = { id: claim.id, body_hash: claim.bodyHash, expires_at }
    if (answer.tooLarge) return this.#activity.finishReplay({ ...row, state: 'too_large', answer: null })
    const plain = JSON.stringify({
      status: answer.status,
      headers: answer.headers,
      body: answer.body.toString('base64'),
    })
    await this.#activity.finishReplay({
      ...row,
      state: 'done',
      answer: this.#sealer.seal(Buffer.from(plain), claim.id),
    })
  }

  release(claim: Claim): Promise<void> {
    return this.#activity.releaseReplay(claim.id)
  }

  #judge(holder: ReplayRow, bodyHash: string): KeptAnswer | undefined {
    if (holder.body_hash !== bodyHash) {
      throw new OctroiError('idempotency_mismatch', 'This Idempotency-Key was used for another body.')
    }
    if (holder.state === 'in_flight') return undefined
    if (holder.state === 'too_large' || holder.answer === null) {
      throw new OctroiError(
        'idempotency_mismatch',
        'The first request was answered, and its answer was too large to keep.',
      )
    }
    const { status, headers, body } = JSON.parse(this.#sealer.open(holder.answer, holder.id).toString())
    return { status, headers, body: Buffer.from(body, 'base64'), tooLarge: false }
  }
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400
}
