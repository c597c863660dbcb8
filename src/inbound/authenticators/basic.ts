import { createHmac, randomBytes } from 'node:crypto'
import { OctroiError } from '../../core/errors.ts'
import { Generations } from '../../core/generations.ts'
import type { Attempt, Throttle } from '../../policy/throttle.ts'
import type { AccountAdmissions, KnownAccount } from '../account_admissions.ts'
import type { Admissions } from '../admissions.ts'
import type { Passwords } from '../passwords.ts'
import type { Basic } from '../presented.ts'
import { tooBusy } from '../too_busy.ts'
import type { Asking, Authenticator, Found } from './authenticator.ts'

export interface BasicParts {
  readonly admissions: Admissions
  readonly accounts: AccountAdmissions
  readonly passwords: Pick<Passwords, 'verify' | 'isFull'>
  readonly throttle: Throttle
}

/** What was verified once: the hash that it was verified with, and the version of the store at which the password was no key. */
interface Verified {
  readonly hash: string
  readonly noKeyAt: number
}

const CAPACITY = 10_000

/** `Authorization: Basic` (RFC 7617): a key as the password of whatever user, or a service by its id and own password. */
export function basicAuthenticator(parts: BasicParts): Authenticator {
  const passwords = new ServicePasswords(parts)
  return {
    kind: 'basic',
    find(asking) {
      const { basic } = asking.presented
      if (basic === null) return null
      const digest = passwords.digest(basic)
      if (passwords.isNoKey(asking.version, digest)) return passwords.find(asking, basic, digest)
      const key = parts.admissions.find(asking.version, basic.password)
      if (key instanceof Promise) return key.then((found) => found ?? passwords.find(asking, basic, digest))
      return key ?? passwords.find(asking, basic, digest)
    },
  }
}

/**
 * A right password is remembered with the hash that it was checked against, by a digest under a key of this process: a program that calls
 * often pays once, and another password ends it at once. A wrong one is never remembered.
 */
class ServicePasswords {
  readonly #parts: BasicParts
  readonly #digestKey = randomBytes(32)
  readonly #verified = new Generations<string, Verified>(CAPACITY)
  /** A program that begins with many calls at once has its password checked once. */
  readonly #checking = new Map<string, Promise<boolean>>()

  constructor(parts: BasicParts) {
    this.#parts = parts
  }

  /** User names have no colon (RFC 7617 §2), so the two cannot be read in another way. */
  digest({ user, password }: Basic): string {
    return createHmac('sha256', this.#digestKey).update(`${user}:${password}`).digest('base64')
  }

  isNoKey(version: number, digest: string): boolean {
    return this.#verified.get(digest)?.noKeyAt === version
  }

  async find({ version, address }: Asking, basic: Basic, digest: string): Promise<Found> {
    const known = await this.#parts.accounts.find(version, basic.user)
    const hash = passwordOf(known)
    const isUsable = hash !== null && known?.account.disabled_at === null
    const verified = isUsable ? this.#verified.get(digest) : undefined
    if (verified === undefined || verified.hash !== hash) {
      const isRight = await this.#check(`${digest} ${address} ${hash}`, { hash, isUsable, basic, address })
      if (!isRight) return undefined
    }
    if (isUsable && (verified?.hash !== hash || verified.noKeyAt !== version))
      this.#verified.set(digest, { hash, noKeyAt: version })
    return (known as KnownAccount).as('basic')
  }

  #check(place: string, claim: Claim): Promise<boolean> {
    const running = this.#checking.get(place)
    if (running !== undefined) return running
    const checking = this.#checkNow(claim).finally(() => this.#checking.delete(place))
    this.#checking.set(place, checking)
    return checking
  }

  /** The same work for an account that is unknown, disabled, or has no password: none of them is told from a wrong password. */
  async #checkNow({ hash, isUsable, basic, address }: Claim): Promise<boolean> {
    const { passwords, throttle } = this.#parts
    // Before anything is counted: who is sent away unheard has not guessed.
    if (passwords.isFull) throw tooBusy()
    let attempt: Attempt
    try {
      attempt = throttle.attempt(basic.user, address)
    } catch (error) {
      throw error instanceof OctroiError ? await throttle.refused(address, error) : error
    }
    try {
      const isRight = await passwords.verify(hash, basic.password)
      if (isRight && isUsable) attempt.succeeded()
      return isRight
    } catch (error) {
      attempt.withdrawn()
      throw error
    }
  }
}

interface Claim {
  readonly basic: Basic
  readonly address: string
  /** PHC string; null: there is nothing that the password could be. */
  readonly hash: string | null
  readonly isUsable: boolean
}

/** Persons sign in with theirs on a page: it is no credential of a program. */
function passwordOf(known: KnownAccount | undefined): string | null {
  return known?.account.kind === 'service' ? known.passwordHash : null
}
