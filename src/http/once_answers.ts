import type { KeyObject } from 'node:crypto'
import type { Endpoint } from '../api/endpoint.ts'
import { OctroiError } from '../core/errors.ts'
import type { ActivityStore } from '../core/stores.ts'
import { hmac, type ValueSealer } from '../core/vault.ts'

const KEEP_MS = 24 * 3_600_000
const CLAIM_MS = 60_000

/** The right to carry the request out, to be given up or turned into a kept answer. */
interface Claim {
  keep(status: number, body: unknown): Promise<void>
  release(): Promise<void>
}

interface Kept {
  readonly status: number
  readonly body: unknown
}

/** `Idempotency-Key` on POST: one effect for any number of equal requests. What is shown once is not kept (D13). */
export class OnceAnswers {
  readonly #activity: ActivityStore
  readonly #key: KeyObject
  readonly #sealer: ValueSealer

  constructor(activity: ActivityStore, key: KeyObject, sealer: ValueSealer) {
    this.#activity = activity
    this.#key = key
    this.#sealer = sealer
  }

  async begin(
    endpoint: Endpoint,
    keyId: string,
    url: string,
    idempotencyKey: string | undefined,
    body: unknown,
  ): Promise<Claim | Kept | undefined> {
    if (endpoint.method !== 'POST' || idempotencyKey === undefined) return undefined
    if (idempotencyKey === '' || idempotencyKey.length > 255) {
      throw new OctroiError('invalid_request', 'Idempotency-Key must be 1 to 255 characters.', {
        errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 characters' }],
      })
    }
    const id = hmac(this.#key, JSON.stringify(['api', keyId, endpoint.name, url, idempotencyKey]))
    const body_hash = hmac(this.#key, JSON.stringify(body ?? null))
    const now = Date.now()
    const claim = {
      id,
      body_hash,
      state: 'in_flight' as const,
      answer: null,
      expires_at: new Date(now + CLAIM_MS).toISOString(),
    }
    const holder = await this.#activity.claimReplay(claim, new Date(now).toISOString())
    if (holder === undefined) return this.#claim(id, body_hash)
    if (holder.body_hash !== body_hash) {
      throw new OctroiError('idempotency_mismatch', 'This Idempotency-Key was used for another body.')
    }
    if (holder.answer === null) {
      throw new OctroiError('busy', 'The first request with this Idempotency-Key is still being carried out.', {
        retryAfter: 1,
      })
    }
    return JSON.parse(this.#sealer.open(holder.answer, id).toString())
  }

  #claim(id: string, body_hash: string): Claim {
    return {
      keep: (status, body) => {
        const answer = this.#sealer.seal(Buffer.from(JSON.stringify({ status, body })), id)
        const expires_at = new Date(Date.now() + KEEP_MS).toISOString()
        return this.#activity.finishReplay({ id, body_hash, state: 'done', answer, expires_at })
      },
      release: () => this.#activity.releaseReplay(id),
    }
  }
}
