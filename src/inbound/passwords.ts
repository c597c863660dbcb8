import { randomBytes } from 'node:crypto'
import { HashThread } from './hashes/hash_thread.ts'
import { readHash } from './hashes/index.ts'
import { HashFault, type StoredHash } from './hashes/stored_hash.ts'
import { COST, phcOf } from './phc.ts'

const SALT_BYTES = 16
const TAG_BYTES = 32

/** Behind the one that is computed: some seconds. */
const WAITING = 64
/** Of hashes that are computed in JavaScript, the dearest takes two seconds: half a minute. */
const SLOW_WAITING = 16

/** Hashes of imports may take much more memory than ours, and time. */
const HEAVY_KIB = 49_152

/** No password that anybody set is as long; what is longer is not worth the work of hashing it. */
const MAX_CHARACTERS = 2_048

/**
 * Passwords and the own secrets of services: argon2id, in a queue that is bounded in work and in length. Who comes when it is full is
 * told `busy`, so that guessing costs the guesser his turn and nobody the machine. Hashes that other programs made are verified too.
 */
export class Passwords {
  /** Of nobody: unknown accounts cost the same work as known ones. */
  readonly #nobody = phcOf({ ...COST, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) })
  readonly #thread = new HashThread(WAITING)
  /** Hashes of elsewhere, hundreds of milliseconds each: ours do not wait for them. */
  readonly #slow = new HashThread(SLOW_WAITING)

  /** Whether the next one would be told `busy`. */
  get isFull(): boolean {
    return this.#thread.isFull
  }

  /** A PHC string with a salt of its own. Throws `busy`. */
  async hash(password: string): Promise<string> {
    const wanted = { ...COST, type: 'argon2id' as const, salt: randomBytes(SALT_BYTES), tag: Buffer.alloc(TAG_BYTES) }
    return phcOf({ ...wanted, tag: await this.#thread.tag(wanted, composed(password)) })
  }

  /** `null`: the account has no password, or there is none; that costs the same and is false. Throws `busy`. */
  async verify(phc: string | null, password: string): Promise<boolean> {
    if (phc === null || password === '' || password.length > MAX_CHARACTERS) {
      await this.#thread.matches(this.#nobody, '')
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

  async close(): Promise<void> {
    await Promise.all([this.#thread.close(), this.#slow.close()])
  }

  #check({ isSlow, memory }: StoredHash, phc: string, password: string): Promise<boolean> {
    return (isSlow || memory >= HEAVY_KIB ? this.#slow : this.#thread).matches(phc, password)
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
