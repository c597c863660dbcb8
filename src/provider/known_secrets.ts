import { createHmac, randomBytes } from 'node:crypto'
import { Generations } from '../core/generations.ts'
import type { HotReads } from '../core/stores.ts'

/** A secret that ends while its successor takes over ends so much late at the most. */
const GOOD_MS = 1_000
const CAPACITY = 10_000

export interface KnownSecretsParts {
  readonly hot: Pick<HotReads, 'version'>
  /** By id and secret. Throws `unauthenticated`. */
  readonly authenticate: (id: string, secret: string) => Promise<unknown>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Secrets that were right a moment ago, for programs that ask for a token with every call. Kept for a second, and only while the store's
 * version stays (D18); known by a hash under a key that this process alone has.
 */
export class KnownSecrets {
  readonly #parts: KnownSecretsParts
  readonly #key = randomBytes(32)
  #version = Number.NaN
  #kept = new Generations<string, number>(CAPACITY)

  constructor(parts: KnownSecretsParts) {
    this.#parts = parts
  }

  /** False: it is wrong. What else goes wrong is thrown. */
  async proves(id: string, secret: string): Promise<boolean> {
    const { hot, authenticate, now } = this.#parts
    const version = await hot.version()
    if (version !== this.#version) {
      this.#version = version
      this.#kept = new Generations(CAPACITY)
    }
    const kept = this.#kept
    const hash = createHmac('sha256', this.#key).update(`${id}\n${secret}`).digest('base64')
    const goodUntil = kept.get(hash)
    const nowMs = now()
    // A clock that was set back must not make it last longer.
    if (goodUntil !== undefined && nowMs < goodUntil && goodUntil - nowMs <= GOOD_MS) return true
    try {
      await authenticate(id, secret)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'unauthenticated') return false
      throw error
    }
    kept.set(hash, nowMs + GOOD_MS)
    return true
  }
}
