import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { OctroiError } from '../core/errors.ts'
import { addressBlock } from './address_block.ts'
import { type Budget, Windows } from './windows.ts'

const QUARTER_HOUR_MS = 900_000

/**
 * Wrong credentials of any kind from one block of addresses: ten a second, which a program with an old key, or a row of tests, may need to
 * be told so, and which costs next to nothing.
 */
const WRONG: Budget = { limit: 600, lengthMs: 60_000 }
/** Passwords tried: of one identity from one block; of one identity from everywhere; from one block of any identity. */
const HERE: Budget = { limit: 10, lengthMs: QUARTER_HOUR_MS }
const ONE_IDENTITY: Budget = { limit: 100, lengthMs: QUARTER_HOUR_MS }
const ONE_BLOCK: Budget = { limit: 100, lengthMs: QUARTER_HOUR_MS }

/** Whoever waits for each answer before he asks again gets one a second; beyond so many, memory matters more than slowness. */
const PAUSE_MS = 1_000
const MAX_HELD = 512

/** Blocks, or pairs of identity and block, that are remembered; up to twice as many. */
const CAPACITY = 25_000

export interface ThrottleParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined
}

/** A password that is about to be checked. It counts from here on, so that parallel ones cannot pass together. */
export interface Attempt {
  /** It was right: it does not count, and this block is known to be his. */
  succeeded(): void
  /** Nobody learnt whether it was right: it does not count. */
  withdrawn(): void
}

/**
 * What guessing costs. Keys have 190 bits and are not guessed: a right one always works, wrong ones beyond a block's budget are answered
 * late. Passwords are guessed: beyond a budget they are not even looked at. One bucket per identity, whatever its spelling and the door.
 */
export class Throttle {
  readonly #now: () => number
  readonly #pause: (ms: number) => Promise<unknown>
  readonly #wrong = new Windows(CAPACITY)
  readonly #passwords = new Windows(CAPACITY)
  /** Pairs of identity and block that were right once: nobody can lock an identity out of where it works. */
  readonly #proven = new Windows(CAPACITY)
  #held = 0

  constructor({ now, pause = sleep }: ThrottleParts) {
    this.#now = now
    this.#pause = pause
  }

  /** A credential was wrong, or is one that must look like it. Returns the refusal, after a pause where somebody guesses. */
  refused(address: string, refusal: OctroiError): OctroiError | Promise<OctroiError> {
    const waitMs = this.#wrong.take(addressBlock(address), WRONG, this.#now())
    if (waitMs === 0) return refusal
    const answer = refusal.code === 'rate_limited' ? refusal : tooMany('wrong credentials', waitMs)
    return this.#held < MAX_HELD ? this.#late(answer) : answer
  }

  async #late(answer: OctroiError): Promise<OctroiError> {
    this.#held++
    try {
      await this.#pause(PAUSE_MS)
    } finally {
      this.#held--
    }
    return answer
  }

  /**
   * To be asked before a password is checked; `identity` as it was given, whether or not there is such a one. Throws `rate_limited`,
   * for identities that exist and for those that do not.
   */
  attempt(identity: string, address: string): Attempt {
    const now = this.#now()
    const block = addressBlock(address)
    const who = bounded(canonicalIdentity(identity))
    const pair = `${block} ${who}`
    const isProven = this.#proven.used(pair) > 0
    const budgets: [string, Budget][] = [
      [`pair ${pair}`, HERE],
      [`block ${block}`, ONE_BLOCK],
      ...(isProven ? [] : [[`identity ${who}`, ONE_IDENTITY] as [string, Budget]]),
    ]
    const waitMs = Math.max(...budgets.map(([key, budget]) => this.#passwords.wait(key, budget, now)))
    if (waitMs > 0) throw tooMany('passwords were tried', waitMs)
    for (const [key, budget] of budgets) this.#passwords.take(key, budget, now)
    const withdrawn = () => {
      for (const [key] of budgets) this.#passwords.giveBack(key)
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

const ONCE: Budget = { limit: 1, lengthMs: Number.POSITIVE_INFINITY }

function tooMany(what: string, waitMs: number): OctroiError {
  return new OctroiError('rate_limited', `Too many ${what}. Wait, then send the right one.`, {
    retryAfter: Math.ceil(waitMs / 1000),
  })
}

/**
 * An identity in the one spelling that its bucket has: compatibility forms and case are folded (Unicode chapter 3.13), what is not seen is
 * dropped. It finds nobody: accounts are looked up by what was given.
 */
export function canonicalIdentity(given: string): string {
  let text = given
  // A fold can bring out what folds again (U+0130, U+1E9E); two rounds are enough for all of Unicode, four are certain.
  for (let round = 0; round < 4; round++) {
    const folded = text
      .normalize('NFKC')
      .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]/gu, '')
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ')
      .normalize('NFKC')
      .trim()
    if (folded === text) break
    text = folded
  }
  return text
}

/** A bucket's name must not take as much memory as its sender likes. */
function bounded(identity: string): string {
  return identity.length <= 64 ? identity : createHash('sha256').update(identity).digest('base64')
}
