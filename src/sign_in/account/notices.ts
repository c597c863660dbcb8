import type { Mail } from '../../core/mail.ts'
import type { Store } from '../../core/stores.ts'
import { mailedAddress } from '../links/link_addresses.ts'
import { type MailLanguage, noticeMail } from './mail_words.ts'

/** What a person hears of by mail, since it may have been somebody else (OWASP ASVS 6.3.7). */
export const NOTICES = [
  'password_changed',
  'passkey_added',
  'passkey_removed',
  'authenticator_added',
  'authenticator_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'identity_linked',
  'identity_removed',
  'email_verified',
  'email_primary',
  'email_removed',
] as const
export type Notice = (typeof NOTICES)[number]

export interface NoticeParts {
  readonly store: Store
  /** `undefined`: no mail leaves. */
  readonly mail: Mail | undefined
  readonly installation: string
  /** Without a slash at the end. */
  readonly publicUrl: string
  readonly log: { warn(fields: object, message: string): void }
  readonly now: () => Date
}

/** Sent behind the answer: what has been changed is changed, and nobody waits for a mail server because of it. */
export class Notices {
  readonly #parts: NoticeParts
  readonly #underWay = new Set<Promise<void>>()

  constructor(parts: NoticeParts) {
    this.#parts = parts
  }

  /** To an address that is known to be the account's own, and to those besides that have just ceased to be. */
  tell(account: string, language: MailLanguage, notice: Notice, also: readonly string[] = []): void {
    const sending = sendNotice(this.#parts, { account: { id: account }, language }, notice, also).catch((error) =>
      this.#warn(error, account, notice),
    )
    this.#underWay.add(sending)
    void sending.then(() => this.#underWay.delete(sending))
  }

  /** Until every notice is on its way, or is not. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #warn(error: unknown, account: string, notice: Notice): void {
    this.#parts.log.warn({ err: error, account, notice }, 'a notice could not be sent')
  }
}

/** The same, waited for. What mail does not take is in the log. */
export async function sendNotice(
  { mail, store, installation, publicUrl, log, now }: NoticeParts,
  { account: { id }, language }: { readonly account: { readonly id: string }; readonly language: MailLanguage },
  notice: Notice,
  also: readonly string[] = [],
): Promise<void> {
  const at = now()
  const account = mail && (await store.accounts.get(id))
  if (mail === undefined || account === undefined) return
  const text = noticeMail(language, notice, { installation, name: account.name, account: `${publicUrl}/account`, at })
  const own = await mailedAddress(store, account)
  for (const to of new Set([...(own === undefined ? [] : [own]), ...also])) {
    try {
      await mail.send({ to, ...text })
    } catch (error) {
      log.warn({ err: error, account: id, notice }, 'a notice could not be sent')
    }
  }
}
