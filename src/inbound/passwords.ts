import { randomBytes } from 'node:crypto'
import { computeArgon2 } from './hashes/argon2.ts'
import { readHash } from './hashes/index.ts'
import { SlowHashes } from './hashes/slow_hashes.ts'
import { HashFault, type StoredHash } from './hashes/stored_hash.ts'
import { COST, phcOf } from './phc.ts'
import { tooBusy } from './too_busy.ts'

const SALT_BYTES = 16
const TAG_BYTES = 32

/** Two of the four threads that the process has for such work: files and name look-ups need the others. */
const AT_ONCE = 2
const WAITING = 64
/** Hashes of imports may take much more memory than ours: from here on they are computed one at a time, with nothing beside them. */
const HEAVY_KIB = 49_152

/** No password that anybody set is as long; what is longer is not worth the work of hashing it. */
const MAX_CHARACTERS = 2_048

interface Waiting {
  readonly places: number
  readonly begin: () => void
}

/**
 * Passwords and the own secrets of services: argon2id, in a queue that is bounded in work and in length. Who comes when it is full is
 * told `busy`, so that guessing costs the guesser his turn and nobody the machine. Hashes that other programs made are verified too.
 */
export class Passwords {
  /** Of nobody: unknown accounts cost the same work as known ones. */
  readonly #nobody = readHash(phcOf({ ...COST, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) }))
  readonly #slow = new SlowHashes()
  readonly #waiting: Waiting[] = []
  #taken = 0

  /** Whether the next one would be told `busy`. */
  get isFull(): boolean {
    return this.#waiting.length >= WAITING
  }

  /** A PHC string with a salt of its own. Throws `busy`. */
  async hash(password: string): Promise<string> {
    const wanted = { ...COST, type: 'argon2id' as const, salt: randomBytes(SALT_BYTES), tag: Buffer.alloc(TAG_BYTES) }
    const tag = await this.#inTurn(1, () => computeArgon2(wanted, composed(password)))
    return phcOf({ ...wanted, tag })
  }

  /** `null`: the account has no password, or there is none; that costs the same and is false. Throws `busy`. */
  async verify(phc: string | null, password: string): Promise<boolean> {
    if (phc === null || password === '' || password.length > MAX_CHARACTERS) {
      await this.#check(this.#nobody, null, '')
      return false
    }
    const stored = readStored(phc)
    if (await this.#check(stored, phc, composed(password))) return true
    // Ours are of the composed form; another program took what the keyboard sent.
    return composed(password) !== password && this.#check(stored, phc, password)
  }

  /** Whether ours, made now, would be another kind, or cost more. */
  needsRehash(phc: string): boolean {
    return readStored(phc).isOutdated
  }

  close(): Promise<void> {
    return this.#slow.close()
  }

  #check(stored: StoredHash, phc: string | null, password: string): Promise<boolean> {
    if (stored.isSlow && phc !== null) return this.#slow.matches(phc, password)
    return this.#inTurn(stored.memory >= HEAVY_KIB ? AT_ONCE : 1, () => stored.matches(password))
  }

  /** In the order in which they came; a heavy one waits until it has all places. */
  async #inTurn<T>(places: number, work: () => Promise<T>): Promise<T> {
    if (this.isFull) throw tooBusy()
    if (this.#waiting.length === 0 && this.#taken + places <= AT_ONCE) this.#taken += places
    else await new Promise<void>((begin) => this.#waiting.push({ places, begin }))
    try {
      return await work()
    } finally {
      this.#taken -= places
      this.#letIn()
    }
  }

  /** Whoever ends hands his places to the first who waits: they are never free for somebody who comes in between. */
  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.places > AT_ONCE) return
      this.#waiting.shift()
      this.#taken += next.places
      next.begin()
    }
  }
}

/** The same password may be typed in several sequences of code points (RFC 8265 §4.2.2). */
function composed(password: string): string {
  return password.normalize('NFC')
}

/** Our own trouble, not the caller's: never an answer that says that the password was wrong. */
function readStored(phc: string): StoredHash {
  try {
    return readHash(phc)
  } catch (error) {
    if (error instanceof HashFault) throw new Error(`A stored password hash ${error.message}.`)
    throw error
  }
}
