import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { OctroiError } from '../../core/errors.ts'
import type { SignInMethod } from '../../core/people_types.ts'
import type { FoundAccount } from '../../core/program_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Attempt, Throttle } from '../../policy/throttle.ts'
import type { AccountProof, FormMethod } from '../method.ts'
import type { MethodKind, PasswordHashes } from './method_kind.ts'
import { Beat } from './password_beat.ts'
import { findByLogin, type LoginParts } from './password_login.ts'

export interface PasswordParts extends LoginParts {
  readonly store: LoginParts['store'] & { readonly accounts: Pick<Store['accounts'], 'replacePassword'> }
  readonly passwords: PasswordHashes
  readonly throttle: Pick<Throttle, 'attempt'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
  /** Milliseconds. */
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined
}

/** A password that we keep ourselves, of a person: a service proves itself at every call and never signs in. */
export class PasswordMethod implements FormMethod {
  readonly type = 'form'
  readonly method: SignInMethod
  readonly #parts: PasswordParts
  readonly #beat = new Beat()
  readonly #pause: (ms: number) => Promise<unknown>

  constructor(method: SignInMethod, parts: PasswordParts) {
    this.method = method
    this.#parts = parts
    this.#pause = parts.pause ?? sleep
  }

  async check({ login, password, address }: Parameters<FormMethod['check']>[0]): Promise<AccountProof | undefined> {
    const began = this.#parts.now()
    // Before anything is counted: who is sent away unheard has not guessed.
    if (this.#parts.passwords.isFull) throw tooBusy()
    const found = await findByLogin(this.#parts, login)
    // One bucket for an account, however it is named, here and with Basic (T41); what names nobody has one by its canonical form.
    const attempt = this.#parts.throttle.attempt(found?.account.id ?? login, address)
    const isRight = await this.#compare(found, password, attempt)
    const passedMs = this.#parts.now() - began
    this.#beat.note(passedMs, began)
    if (!isRight || found === undefined) return this.#late(passedMs)
    attempt.succeeded()
    await this.#rehash(found, password)
    const authTime = new Date(this.#parts.now()).toISOString()
    return { kind: 'account', account: found.account.id, amr: ['pwd'], acr: null, authTime }
  }

  /** The same work for an account that is unknown, disabled, a service's, or has no password (T40). */
  async #compare(found: FoundAccount | undefined, password: string, attempt: Attempt): Promise<boolean> {
    const isUsable = found?.account.kind === 'person' && found.account.disabled_at === null
    try {
      return await this.#parts.passwords.verify(isUsable ? found.password_hash : null, password)
    } catch (error) {
      attempt.withdrawn()
      throw error
    }
  }

  async #late(passedMs: number): Promise<undefined> {
    await this.#pause(this.#beat.wait(passedMs))
    return undefined
  }

  /** At the first right password after an import. Nothing depends on it: where it fails, the next one does it. */
  async #rehash({ account, password_hash: stored }: FoundAccount, password: string): Promise<void> {
    const { passwords, store, log } = this.#parts
    if (stored === null || !passwords.needsRehash(stored)) return
    try {
      await store.accounts.replacePassword(account.id, stored, await passwords.hash(password))
    } catch (error) {
      log.warn({ err: error, account: account.id }, 'the hash of a password could not be replaced by one of ours')
    }
  }
}

export const passwordKind: MethodKind<Record<string, never>> = {
  kind: 'password',
  title: 'Password',
  settings: z.strictObject({}),
  secrets: {},
  open: (method, _secrets, parts) => new PasswordMethod(method, parts),
}

function tooBusy(): OctroiError {
  return new OctroiError('busy', 'Too many passwords are being checked.', { retryAfter: 1 })
}
