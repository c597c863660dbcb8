import { newToken } from '../../core/ids.ts'
import { canonicalEmail } from '../../policy/email.ts'
import { type Budget, Windows } from '../../policy/windows.ts'
import { TOKEN_SHAPE } from '../secrets.ts'
import { changeOwn } from './changing.ts'
import { isConflict, requireOwn, setEmail } from './emails.ts'
import { verificationMail } from './mail_words.ts'
import { type AccountParts, AccountRefused, type Own } from './own.ts'

const LINK_HOURS = 24

/** Mails to addresses that somebody else may read: of one account, whatever the address. */
const MAILS: Budget = { limit: 5, lengthMs: 3_600_000 }

interface Sealed {
  readonly canonical: string
  readonly address: string
}

/** Shows that a person reads an address: by a link that is good once, for the account that asked for it alone. */
export class EmailVerification {
  readonly #parts: AccountParts
  readonly #sent = new Windows(10_000)

  constructor(parts: AccountParts) {
    this.#parts = parts
  }

  /** Throws `AccountRefused`: `mail` where none leaves, or it did not leave; `rate_limited`. */
  async send(own: Own, id: string): Promise<void> {
    const { mail, store, activity, secrets, now, publicUrl, installation, log } = this.#parts
    const { address, verified } = await requireOwn(store, own, id)
    if (verified) return
    if (mail === undefined) throw new AccountRefused('mail')
    const waitMs = this.#sent.take(own.account.id, MAILS, now().getTime())
    if (waitMs > 0) throw new AccountRefused('rate_limited', { retryAfterS: Math.ceil(waitMs / 1000) })
    const token = newToken()
    const ticket = this.#id(token)
    await activity.tickets.put({
      id: ticket,
      purpose: 'email_verification',
      account: own.account.id,
      session: null,
      sealed: secrets.seal({ canonical: id, address } satisfies Sealed, `ticket:${ticket}`),
      expires_at: new Date(now().getTime() + LINK_HOURS * 3_600_000).toISOString(),
      created_at: now().toISOString(),
    })
    const link = `${publicUrl}/account/verify?link=${token}`
    try {
      await mail.send({ to: address, ...verificationMail(own.language, { link, installation, hours: LINK_HOURS }) })
    } catch (error) {
      log.warn({ err: error, account: own.account.id }, 'a mail that verifies an address could not be sent')
      throw new AccountRefused('mail', { cause: error })
    }
  }

  /** The address that a link is for. `undefined`: spent, too late, another account's. Changes nothing. */
  async show(own: Own, link: string): Promise<string | undefined> {
    const ticket = await this.#parts.activity.tickets.peek(this.#id(link), 'email_verification', this.#now())
    if (ticket?.account !== own.account.id) return undefined
    return this.#open(ticket.id, ticket.sealed)?.address
  }

  /** Throws `gone`, or `others` when another account has verified it meanwhile. */
  async verify(own: Own, link: string): Promise<void> {
    const parts = this.#parts
    // Looked at first: somebody else's click does not spend it.
    if ((await this.show(own, link)) === undefined) throw new AccountRefused('gone')
    const ticket = await parts.activity.tickets.take(this.#id(link), 'email_verification', this.#now())
    const sealed = ticket && this.#open(ticket.id, ticket.sealed)
    if (sealed === undefined) throw new AccountRefused('gone')
    const { canonical, address } = sealed
    const change = { event: 'account.email_verified', notice: 'email_verified' } as const
    await changeOwn(parts, own, change, async (store) => {
      const known = await requireOwn(store, own, canonical)
      const row = (await store.emails.of(own.account.id)).find((email) => email.canonical === canonical)
      const created_at = row?.created_at ?? this.#now()
      const account = own.account.id
      await store.emails.put({
        account,
        address: row?.address ?? address,
        canonical,
        created_at,
        verified_at: this.#now(),
      })
      const { email } = (await store.accounts.get(account)) ?? own.account
      // The first that is known to be his is the one that applications are told.
      if (email === null || canonicalEmail(email) === undefined) await setEmail(parts, store, own, known.address)
    }).catch((error) => {
      throw isConflict(error) ? new AccountRefused('others', { cause: error }) : error
    })
  }

  #open(id: string, sealed: string): Sealed | undefined {
    return this.#parts.secrets.open<Sealed>(sealed, `ticket:${id}`)
  }

  #id(token: string): string {
    return this.#parts.secrets.hash('ticket', 'email_verification', TOKEN_SHAPE.test(token) ? token : '')
  }

  #now(): string {
    return this.#parts.now().toISOString()
  }
}
