import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { OctroiError } from '../core/errors.ts'
import { type PasswordHash, phcOf, readPhc } from './phc.ts'

/** What one hash costs: OWASP's second choice for argon2id, about 20 MB and some tens of milliseconds. `memory` in KiB. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const TAG_BYTES = 32

/** Two of the four threads that the process has for such work: files and name look-ups need the others. */
const AT_ONCE = 2
const WAITING = 64

/**
 * Passwords and the own secrets of services: argon2id, in a queue that is bounded in work and in length. Who comes when it is full is
 * told `busy`, so that guessing costs the guesser his turn and nobody the machine.
 */
export class Passwords {
  /** Of nobody: unknown accounts cost the same work as known ones. */
  readonly #nobody = phcOf({ ...COST, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) })
  readonly #waiting: (() => void)[] = []
  #working = 0

  /** Whether the next one would be told `busy`. */
  get isFull(): boolean {
    return this.#working >= AT_ONCE && this.#waiting.length >= WAITING
  }

  /** A PHC string with a salt of its own. Throws `busy`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    const tag = await this.#inTurn({ ...COST, salt, tag: Buffer.alloc(TAG_BYTES) }, password)
    return phcOf({ ...COST, salt, tag })
  }

  /** `null`: the account has no password, or there is none; that costs the same and is false. Throws `busy`. */
  async verify(phc: string | null, password: string): Promise<boolean> {
    const stored = readPhc(phc ?? this.#nobody)
    // Our own trouble, not the caller's: never an answer that says that the password was wrong.
    if (stored === undefined) throw new Error('A stored password hash is not argon2id, or costs more than is taken.')
    const tag = await this.#inTurn(stored, password)
    return timingSafeEqual(tag, stored.tag) && phc !== null
  }

  async #inTurn(wanted: PasswordHash, password: string): Promise<Buffer> {
    if (this.isFull) throw tooBusy()
    // Whoever ends hands his place to the first who waits: it is never free for somebody who comes in between.
    if (this.#working >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#working++
    try {
      return await compute(wanted, password)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#working--
      else next()
    }
  }
}

export function tooBusy(): OctroiError {
  return new OctroiError('busy', 'Too many passwords are being checked.', { retryAfter: 1 })
}

/** The same password may be typed in several sequences of code points (RFC 8265 §4.2.2). */
function compute({ memory, passes, parallelism, salt, tag }: PasswordHash, password: string): Promise<Buffer> {
  const message = password.normalize('NFC')
  const parameters = { message, nonce: salt, parallelism, tagLength: tag.length, memory, passes }
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, result) => (error ? reject(error) : resolve(result)))
  })
}
