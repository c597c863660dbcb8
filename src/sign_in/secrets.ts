import { type KeyObject, timingSafeEqual } from 'node:crypto'
import { hmac, type ValueSealer } from '../core/vault.ts'

/** What is recognised by its hash alone. */
export type Handed = 'session' | 'browser' | 'csrf' | 'state' | 'visit' | 'recovery_code' | 'passkey_user' | 'ticket'

export const TOKEN_SHAPE = /^[A-Za-z0-9_-]{43}$/

/** Recognises what was handed to people and their browsers, and seals what they carry for us. */
export class PeopleSecrets {
  readonly #key: KeyObject
  readonly #sealer: ValueSealer

  constructor(key: KeyObject, sealer: ValueSealer) {
    this.#key = key
    this.#sealer = sealer
  }

  hash(kind: Handed, ...values: readonly string[]): string {
    return hmac(this.#key, JSON.stringify([kind, ...values]))
  }

  /** In constant time. */
  matches(given: string | undefined, kind: Handed, ...values: readonly string[]): boolean {
    const [a, b] = [Buffer.from(given ?? ''), Buffer.from(this.hash(kind, ...values))]
    return a.length === b.length && timingSafeEqual(a, b)
  }

  /** `place` is authenticated: what was moved to another place does not open. */
  seal(value: unknown, place: string): string {
    return this.#sealer.seal(Buffer.from(JSON.stringify(value)), place)
  }

  /** `undefined` for what we did not seal for this place. */
  open<T>(sealed: string, place: string): T | undefined {
    try {
      return JSON.parse(this.#sealer.open(sealed, place).toString()) as T
    } catch {
      return undefined
    }
  }
}
