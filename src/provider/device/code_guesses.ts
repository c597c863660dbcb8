import { OctroiError } from '../../core/errors.ts'
import { addressBlock } from '../../policy/address_block.ts'
import { type Budget, Windows } from '../../policy/windows.ts'

const QUARTER_HOUR_MS = 900_000
/** Wrong codes (RFC 8628 §5.1): of one account, whatever its sessions; of one block of addresses. With 2.6 × 10^10 codes nobody finds one. */
const ONE_ACCOUNT: Budget = { limit: 10, lengthMs: QUARTER_HOUR_MS }
const ONE_BLOCK: Budget = { limit: 50, lengthMs: QUARTER_HOUR_MS }
const CAPACITY = 10_000

/** What typing a wrong user code costs (T22). */
export class CodeGuesses {
  readonly #now: () => number
  readonly #tried = new Windows(CAPACITY)

  constructor(now: () => number) {
    this.#now = now
  }

  /** It counts from here on, so that parallel ones cannot pass together. Throws `rate_limited`. Returns what takes it back: it was right. */
  attempt(account: string, address: string): () => void {
    const now = this.#now()
    const budgets: readonly (readonly [string, Budget])[] = [
      [`account ${account}`, ONE_ACCOUNT],
      [`block ${addressBlock(address)}`, ONE_BLOCK],
    ]
    const waitMs = Math.max(...budgets.map(([key, budget]) => this.#tried.wait(key, budget, now)))
    if (waitMs > 0)
      throw new OctroiError('rate_limited', 'Too many codes were tried. Wait, then ask the device for a new one.', {
        retryAfter: Math.ceil(waitMs / 1000),
      })
    for (const [key, budget] of budgets) this.#tried.take(key, budget, now)
    return () => {
      for (const [key] of budgets) this.#tried.giveBack(key)
    }
  }
}
