import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from '../../core/types.ts'
import { addressBlock } from '../../policy/address_block.ts'
import { canonicalIdentity } from '../../policy/throttle.ts'
import { type Budget, Windows } from '../../policy/windows.ts'
import { findByLogin } from '../methods/password_login.ts'
import type { SignInStage } from '../stage.ts'
import type { LinkVisitor } from './contract.ts'
import { typedAddress } from './link_addresses.ts'
import type { GivenLink, LinkParts } from './links.ts'
import type { MailLanguage } from './messages.ts'

const HOUR_MS = 3_600_000
/** From one block of addresses: for one login, and for all. */
const HERE: Budget = { limit: 3, lengthMs: HOUR_MS }
const BLOCK: Budget = { limit: 20, lengthMs: HOUR_MS }
/** Mails that one account gets, whoever asks: beyond, nobody is told. */
const MAILS: Budget = { limit: 5, lengthMs: HOUR_MS }

const MAX_LOGIN = 320
/** Between the answer and the work. */
const PAUSE_MS = [200, 1_500] as const
/** On their way at once: beyond it the mail server does not keep up. */
const AT_ONCE = 50

type Send = (
  account: Account,
  mail: { readonly to: string; readonly languages: readonly MailLanguage[] },
) => Promise<GivenLink>

/**
 * Forgotten passwords. Everything that depends on whether there is such an account happens after the answer, which is the same and as quick
 * for those who are known and those who are not (T40).
 */
export class Resets {
  readonly #parts: LinkParts
  readonly #send: Send
  readonly #asked = new Windows(10_000)
  readonly #sent = new Windows(10_000)
  readonly #underWay = new Set<Promise<void>>()

  constructor(parts: LinkParts, send: Send) {
    this.#parts = parts
    this.#send = send
  }

  ask(): SignInStage {
    return { kind: 'ask_reset', noMail: this.#parts.mail === undefined }
  }

  async request(login: string, visitor: LinkVisitor): Promise<SignInStage> {
    if (this.#parts.mail === undefined) return this.ask()
    const typed = login.trim()
    if (typed === '' || typed.length > MAX_LOGIN) return { kind: 'ask_reset', fault: 'invalid' }
    const waitMs = this.#wait(typed, visitor.address)
    if (waitMs > 0) return { kind: 'ask_reset', fault: 'rate_limited', retryAfterS: Math.ceil(waitMs / 1000) }
    if (this.#underWay.size >= AT_ONCE) return { kind: 'ask_reset', fault: 'busy' }
    const sending: Promise<void> = this.#afterwards(typed, visitor).finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
    return { kind: 'reset_asked' }
  }

  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #wait(typed: string, address: string): number {
    const now = this.#parts.now()
    const block = addressBlock(address)
    const budgets: [string, Budget][] = [
      [`block ${block}`, BLOCK],
      [`pair ${block} ${canonicalIdentity(typed)}`, HERE],
    ]
    const waitMs = Math.max(...budgets.map(([key, budget]) => this.#asked.wait(key, budget, now)))
    if (waitMs === 0) for (const [key, budget] of budgets) this.#asked.take(key, budget, now)
    return waitMs
  }

  /** Whatever goes wrong is for the log: the answer is out. */
  async #afterwards(typed: string, { language }: LinkVisitor): Promise<void> {
    // The answer leaves first, and whoever measures what comes after it does not know when that is.
    await sleep(randomInt(...PAUSE_MS))
    let account: string | undefined
    try {
      const found = await findByLogin(this.#parts, typed)
      account = found?.account.id
      if (found === undefined || !isOpen(found.account)) return
      const to = await typedAddress(this.#parts.store, found.account, typed)
      if (to === undefined || this.#sent.take(found.account.id, MAILS, this.#parts.now()) > 0) return
      await this.#send(found.account, { to, languages: [language] })
    } catch (error) {
      this.#parts.log.warn({ err: error, account }, 'a link to a new password could not be sent')
    }
  }
}

/**
 * Only who has a password may have forgotten it. Whoever signs in by another way alone would get one past it: his provider may have shut
 * him out.
 */
function isOpen({ kind, disabled_at, has_password }: Account): boolean {
  return kind === 'person' && disabled_at === null && has_password
}
