import { OctroiError } from '../../core/errors.ts'
import { newEvent } from '../../core/events.ts'
import { randomId } from '../../core/ids.ts'
import type { AuthenticationMethod, TotpFactor } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Enrolled, Enrolling, FactorInput, FactorOptions, FactorState, SecondFactors } from '../second_factors.ts'
import type { PeopleSecrets } from '../secrets.ts'
import type { CodeAttempts } from './attempts.ts'
import type { Passkeys } from './passkeys.ts'
import { newRecoveryCodes, spendRecoveryCode } from './recovery_codes.ts'
import { newTotpSecret, readTotpCode, stepOfCode, totpUri } from './totp.ts'

export interface FactorParts {
  readonly store: Store
  readonly secrets: PeopleSecrets
  /** `undefined` where browsers have none. Who has a passkey then still has to give a second factor: a recovery code. */
  readonly passkeys: Passkeys | undefined
  readonly attempts: CodeAttempts
  /** What apps show beside the account: the name of the installation, or its host. */
  readonly issuer: string
  readonly now: () => Date
  /** A recovery code was used: its owner should hear of it, for it may have been somebody else. */
  readonly onRecovery: (account: string, left: number) => void
}

/** Of an enrolment that is confirmed, until the account is there. */
interface Kept {
  readonly secret: string
  readonly step: number
  readonly hashes: readonly string[]
}

/** Before any code: no step of our time is as small. */
const NO_STEP = -1

/** The second factors that accounts have with us: authenticator apps, passkeys, recovery codes. */
export class AccountFactors implements SecondFactors {
  readonly #parts: FactorParts

  constructor(parts: FactorParts) {
    this.#parts = parts
  }

  async state(account: string): Promise<FactorState> {
    const { factors } = this.#parts.store
    const [totps, passkeys, recoveryCodes] = await Promise.all([
      this.#confirmed(account),
      factors.passkeys(account),
      factors.recoveryCodes(account),
    ])
    return { totp: totps.length > 0, passkeys: passkeys.length, recoveryCodes }
  }

  async options(account: string): Promise<FactorOptions> {
    const { passkeys, store } = this.#parts
    const own = passkeys === undefined ? [] : await store.factors.passkeys(account)
    if (passkeys === undefined || own.length === 0) return { passkey: null, keep: '' }
    const { options, challenge } = await passkeys.ask(own)
    return { passkey: options, keep: challenge }
  }

  async check(account: string, input: FactorInput): Promise<readonly AuthenticationMethod[] | undefined> {
    const { code, recoveryCode, response } = input
    // A field that was left empty is none; of two answers, which one counts would be an accident.
    const given = [code, recoveryCode, response].filter((value) => value !== undefined && value.trim() !== '')
    if (given.length !== 1) return undefined
    if (given[0] === response) return this.#passkey(account, response, input.keep)
    return this.#counted(account, input.address, () =>
      given[0] === code ? this.#code(account, code as string) : this.#recovery(account, recoveryCode as string),
    )
  }

  async beginEnrolment(label: string): Promise<Enrolling> {
    const secret = newTotpSecret()
    return { secret, uri: this.uriOf(secret, label), keep: secret }
  }

  /** What stands in the picture that the app reads. */
  uriOf(secret: string, label: string): string {
    return totpUri(secret, this.#parts.issuer, label)
  }

  async confirmEnrolment(input: Parameters<SecondFactors['confirmEnrolment']>[0]): Promise<Enrolled | undefined> {
    const step = await this.stepOfNew(input.keep, input.code, input.identity, input.address)
    if (step === undefined) return undefined
    const { codes, hashes } = newRecoveryCodes(this.#parts.secrets)
    const kept: Kept = { secret: input.keep, step, hashes }
    return { keep: JSON.stringify(kept), codes }
  }

  /** The step of the first code of a secret that is not stored yet. Counts as an attempt. */
  stepOfNew(secret: string, typed: string, account: string, address: string): Promise<number | undefined> {
    return this.#counted(account, address, async () => {
      const code = readTotpCode(typed)
      return code === undefined ? undefined : stepOfCode(secret, code, this.#parts.now().getTime(), NO_STEP)
    })
  }

  async storeEnrolment(store: Store, account: string, keep: string): Promise<void> {
    const { secret, step, hashes } = JSON.parse(keep) as Kept
    const now = this.#parts.now()
    await store.factors.insertTotp(this.newTotp({ account, name: DEFAULT_NAME, secret, step }))
    await store.factors.setRecoveryCodes(account, hashes, now.toISOString())
    await store.events.insert(newEvent('account.factor_added', `account:${account}`, { factor: 'totp' }, now))
  }

  /** An authenticator app whose first code was right; `step` is that code's, which is not taken again. */
  newTotp(app: { account: string; name: string; secret: string; step: number; id?: string }): TotpFactor {
    const { account, name, secret, step, id = randomId(16) } = app
    const at = this.#parts.now().toISOString()
    const sealed = this.#parts.secrets.seal(secret, placeOf(id))
    return { id, account, name, sealed, confirmed_at: at, last_step: step, created_at: at }
  }

  /** Counts as an attempt at the account's codes. Throws `rate_limited`. */
  async #counted<T>(account: string, address: string, check: () => Promise<T | undefined>): Promise<T | undefined> {
    const attempt = this.#parts.attempts.attempt(account, address)
    try {
      const result = await check()
      if (result !== undefined) attempt.succeeded()
      return result
    } catch (error) {
      attempt.withdrawn()
      throw error
    }
  }

  async #code(account: string, typed: string): Promise<readonly AuthenticationMethod[] | undefined> {
    const code = readTotpCode(typed)
    if (code === undefined) return undefined
    const { store, now } = this.#parts
    for (const factor of await this.#confirmed(account)) {
      const step = stepOfCode(this.#opened(factor), code, now().getTime(), factor.last_step)
      if (step !== undefined && (await store.factors.useTotp(factor.id, step))) return ['otp']
    }
    return undefined
  }

  async #recovery(account: string, typed: string): Promise<readonly AuthenticationMethod[] | undefined> {
    const { store, secrets, now, onRecovery } = this.#parts
    const at = now()
    const isSpent = await store.transaction(async (within) => {
      if (!(await spendRecoveryCode({ factors: within.factors, secrets }, account, typed, at))) return false
      const left = await within.factors.recoveryCodes(account)
      await within.events.insert(newEvent('account.recovery_code_used', `account:${account}`, { left }, at))
      return true
    })
    if (!isSpent) return undefined
    onRecovery(account, await store.factors.recoveryCodes(account))
    return ['kba']
  }

  async #passkey(account: string, response: string | undefined, challenge: string) {
    const { passkeys, store } = this.#parts
    if (passkeys === undefined || challenge === '') return undefined
    const proof = await passkeys.read(store.factors, { response: parsed(response), challenge }, account)
    // Two factors it is together with the first one, whether or not the authenticator verified the person.
    return proof?.amr.filter((method) => method !== 'mfa')
  }

  async #confirmed(account: string): Promise<readonly TotpFactor[]> {
    const totps = await this.#parts.store.factors.totps(account)
    return totps.filter(({ confirmed_at }) => confirmed_at !== null)
  }

  /** Our own trouble where it does not open: never an answer that says that the code was wrong. */
  #opened({ id, sealed }: TotpFactor): string {
    const secret = this.#parts.secrets.open<string>(sealed, placeOf(id))
    if (secret === undefined) throw new OctroiError('internal', 'A second factor cannot be read.')
    return secret
  }
}

const DEFAULT_NAME = 'Authenticator'

function placeOf(id: string): string {
  return `totp:${id}`
}

/** What is no JSON is no answer. */
export function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
