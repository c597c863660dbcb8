import { OctroiError } from '../core/errors.ts'
import { addressBlock } from '../policy/address_block.ts'
import { type Budget, Windows } from '../policy/windows.ts'

/**
 * Of one block of addresses. Many times what people behind one address can need, and little enough that what they begin, and never finish,
 * cannot fill the disk before it is swept: an entry has some 15 kB at the most, and lives for an hour.
 */
const BUDGET: Budget = { limit: 12_000, lengthMs: 3_600_000 }
const CAPACITY = 10_000

const BEGINNINGS: readonly string[] = ['/request', '/device/auth']
const PROOF = /(?:^|&)client_(?:secret|assertion)=[^&]/

/** What whoever has shown nothing of himself may have us write down: a request that waits for a sign-in, is pushed, or is of a device. */
export class StrangerBudget {
  readonly #now: () => number
  readonly #begun = new Windows(CAPACITY)

  constructor(now: () => number) {
    this.#now = now
  }

  /** Of a browser without a session. `path`: as the library knows it. Throws `rate_limited`. */
  visit(path: string, address: string): void {
    // The way back to what has begun takes it away.
    if (!path.startsWith('/auth/')) this.#take(address)
  }

  /** Of a program. Whether its proof is right, the library says, before it writes anything. */
  post(
    path: string,
    { body, authorization }: { body: Buffer; authorization: string | undefined },
    address: string,
  ): void {
    if (
      BEGINNINGS.includes(path.split('?', 1)[0] as string) &&
      authorization === undefined &&
      !PROOF.test(body.toString('latin1'))
    )
      this.#take(address)
  }

  #take(address: string): void {
    const waitMs = this.#begun.take(addressBlock(address), BUDGET, this.#now())
    if (waitMs === 0) return
    const retryAfter = Math.ceil(waitMs / 1000)
    throw new OctroiError('rate_limited', 'Too many sign-ins were begun from your address.', { retryAfter })
  }
}
