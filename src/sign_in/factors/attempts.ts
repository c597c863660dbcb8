import { OctroiError } from '../../core/errors.ts'
import { addressBlock } from '../../policy/address_block.ts'
import { type Budget, Windows } from '../../policy/windows.ts'

/** Codes tried for one account: from one block of addresses, and from everywhere. Six digits with three steps: 3 in a million each. */
const HERE: Budget = { limit: 5, lengthMs: 300_000 }
const EVERYWHERE: Budget = { limit: 20, lengthMs: 900_000 }
const ONCE: Budget = { limit: 1, lengthMs: Number.POSITIVE_INFINITY }
const CAPACITY = 10_000

/** A code that is about to be checked; it counts from here on, so that parallel ones cannot pass together. */
export interface CodeAttempt {
  succeeded(): void
  /** Nobody learnt whether it was right. */
  withdrawn(): void
}

/**
 * What guessing a second factor costs. It is about codes alone: sessions that are there go on, and passkeys are not guessed. Where a code of
 * the account was right before, strangers cannot use up its budget.
 */
export class CodeAttempts {
  readonly #now: () => number
  readonly #tried = new Windows(CAPACITY)
  readonly #proven = new Windows(CAPACITY)

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws `rate_limited`. */
  attempt(account: string, address: string): CodeAttempt {
    const now = this.#now()
    const pair = `${addressBlock(address)} ${account}`
    const budgets: [string, Budget][] = [[`pair ${pair}`, HERE]]
    if (this.#proven.used(pair) === 0) budgets.push([`account ${account}`, EVERYWHERE])
    const waitMs = Math.max(...budgets.map(([key, budget]) => this.#tried.wait(key, budget, now)))
    if (waitMs > 0) throw tooMany(waitMs)
    for (const [key, budget] of budgets) this.#tried.take(key, budget, now)
    const withdrawn = () => {
      for (const [key] of budgets) this.#tried.giveBack(key)
    }
    return {
      withdrawn,
      succeeded: () => {
        withdrawn()
        this.#proven.take(pair, ONCE, now)
      },
    }
  }
}

function tooMany(waitMs: number): OctroiError {
  return new OctroiError('rate_limited', 'Too many codes were tried. Wait, then type the one that is shown then.', {
    retryAfter: Math.ceil(waitMs / 1000),
  })
}
