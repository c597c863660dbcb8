import { OctroiError } from '../../core/errors.ts'
import type { Mail } from '../../core/mail.ts'
import type { Store } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import { sendNotice } from '../account/notices.ts'
import { SignInRefused } from '../method.ts'
import type { PasswordHashes } from '../methods/method_kind.ts'
import type { Methods } from '../open_methods.ts'
import { passwordFault } from '../password_rules.ts'
import type { Sessions } from '../sessions.ts'
import type { FormFault, SignInStage, Way } from '../stage.ts'
import type { Invitation, LinkForm, LinkOutcome, Links, LinkVisitor } from './contract.ts'
import { mailedAddress, typedAddress } from './link_addresses.ts'
import { setByLink, staleLink } from './link_password.ts'
import { type FoundLink, type LinkTicketParts, LinkTickets } from './link_tickets.ts'
import { type LinkPurpose, linkMail, MAIL_LANGUAGES, type MailLanguage } from './messages.ts'
import { Resets } from './resets.ts'

export interface LinkParts extends LinkTicketParts {
  readonly store: Store
  readonly sessions: Pick<Sessions, 'endAll'>
  readonly passwords: Pick<PasswordHashes, 'hash'>
  readonly methods: Pick<Methods, 'all'>
  /** `undefined`: no mail leaves. */
  readonly mail: Mail | undefined
  /** What people call the installation: its name, or its host. */
  readonly installation: string
  /** Without a slash at the end. */
  readonly publicUrl: string
  readonly log: { warn(fields: object, message: string): void }
}

/** How a link is given: by mail where that is possible, unless it is asked for otherwise. */
export interface Giving {
  readonly deliver?: 'mail' | 'link' | undefined
  /** Of the mail; in both where nobody knows. */
  readonly language?: MailLanguage | undefined
  readonly methods?: readonly string[] | undefined
}

export interface GivenLink {
  readonly sent: boolean
  /** Null where it was sent: then it is the recipient's alone. */
  readonly url: string | null
  readonly expiresAt: Date
}

type SetPassword = Extract<SignInStage, { kind: 'set_password' }>

/** Invitations and resets: links by which a person comes to a password, or to another way in. */
export class PeopleLinks implements Links {
  readonly #parts: LinkParts
  readonly #tickets: LinkTickets
  readonly #resets: Resets

  constructor(parts: LinkParts) {
    this.#parts = parts
    this.#tickets = new LinkTickets(parts)
    this.#resets = new Resets(parts, (account, giving) => this.#mail('password_reset', account, giving))
  }

  /** By an administrator. Throws `conflict` where mail is wanted and cannot be, 502 or 504 where it was not taken. */
  async give(purpose: LinkPurpose, account: Account, { deliver, language, methods }: Giving = {}): Promise<GivenLink> {
    const to = deliver === 'link' ? undefined : await mailedAddress(this.#parts.store, account)
    if (deliver === 'mail') this.#requireMail(account, to)
    if (to !== undefined && this.#parts.mail !== undefined)
      return this.#mail(purpose, account, {
        to,
        languages: language === undefined ? MAIL_LANGUAGES : [language],
        methods,
      })
    const { token, expiresAt } = await this.#tickets.make(purpose, account, { methods })
    return { sent: false, url: this.#address(token), expiresAt }
  }

  #requireMail({ id }: Account, to: string | undefined): void {
    const why =
      this.#parts.mail === undefined
        ? 'No mail leaves here: OCTROI_SMTP_URL is not set.'
        : to === undefined
          ? `The account ${id} has no address that mail could go to.`
          : undefined
    if (why !== undefined) throw new OctroiError('conflict', `${why} Ask for the link with "deliver": "link".`)
  }

  async #mail(
    purpose: LinkPurpose,
    account: Account,
    {
      to,
      languages,
      methods,
    }: { to: string; languages: readonly MailLanguage[]; methods?: readonly string[] | undefined },
  ): Promise<GivenLink> {
    const { mail, installation } = this.#parts
    const { token, expiresAt } = await this.#tickets.make(purpose, account, { methods, address: to })
    const { name, id: login } = account
    const text = linkMail(purpose, languages, { installation, name, login, link: this.#address(token), expiresAt })
    try {
      await (mail as Mail).send({ to, ...text })
    } catch (error) {
      // Nobody has it, or somebody for whom it was not meant.
      await this.#parts.tickets.deleteOfAccount(account.id, purpose)
      throw error
    }
    return { sent: true, url: null, expiresAt }
  }

  #address(token: string): string {
    return `${this.#parts.publicUrl}/sign-in/link/${token}`
  }

  async show(link: string, _visitor: LinkVisitor, ways: readonly Way[]): Promise<SignInStage> {
    return stageFor(link, await this.#found(link), ways)
  }

  async submit(link: string, form: LinkForm, visitor: LinkVisitor, ways: readonly Way[]): Promise<LinkOutcome> {
    const found = await this.#found(link)
    const back = (fault: FormFault): LinkOutcome => ({ kind: 'stage', stage: stageFor(link, found, ways, fault) })
    const method = await this.#passwordMethod(found.methods)
    if (method === undefined) throw new SignInRefused('not_allowed', 'A password is no way in here.')
    const { password = '', again = '' } = form
    const addresses = (await this.#parts.store.emails.of(found.account.id)).map(({ address }) => address)
    if (passwordFault(password, found.account, addresses) !== undefined) return back('weak')
    if (password !== again) return back('differs')
    const hash = await this.#hash(password)
    if (hash === undefined) return back('busy')
    // After the hash, which may be refused for want of room: the link is good until there is a password.
    if (!(await this.#tickets.spend(found))) throw staleLink()
    await setByLink(this.#parts, found, hash)
    await this.#tickets.forget(found.account.id)
    if (found.account.has_password) await this.#notify(found.account, visitor)
    return { kind: 'set', account: found.account.id, method }
  }

  async #hash(password: string): Promise<string | undefined> {
    try {
      return await this.#parts.passwords.hash(password)
    } catch (error) {
      if (error instanceof OctroiError && error.code === 'busy') return undefined
      throw error
    }
  }

  /** OWASP ASVS 6.3.7: it may have been somebody else. */
  async #notify(account: Account, { language }: LinkVisitor): Promise<void> {
    const now = () => new Date(this.#parts.now())
    await sendNotice({ ...this.#parts, now }, { account, language }, 'password_changed')
  }

  askReset(): SignInStage {
    return this.#resets.ask()
  }

  requestReset(form: LinkForm, visitor: LinkVisitor): Promise<SignInStage> {
    return this.#resets.request(form.login ?? '', visitor)
  }

  /** Until every mail that was asked for is on its way, or is not. */
  settled(): Promise<void> {
    return this.#resets.settled()
  }

  async invited(link: string): Promise<string | undefined> {
    return (await this.#invitation(link))?.account.id
  }

  async invitation(link: string): Promise<Invitation | undefined> {
    const found = await this.#invitation(link)
    if (found === undefined) return undefined
    const { account, methods } = found
    return { account: account.id, methods, password: (await this.#passwordMethod(methods)) !== undefined }
  }

  async spend(link: string): Promise<boolean> {
    const found = await this.#invitation(link)
    return found !== undefined && this.#tickets.spend(found)
  }

  async #invitation(link: string): Promise<FoundLink | undefined> {
    const found = await this.#live(link)
    return found?.purpose === 'invitation' ? found : undefined
  }

  /** One that went to an address which is no longer his leads nowhere. */
  async #live(link: string): Promise<FoundLink | undefined> {
    const found = await this.#tickets.find(link)
    if (found === undefined || found.address === null) return found
    const isHis = (await typedAddress(this.#parts.store, found.account, found.address)) !== undefined
    return isHis ? found : undefined
  }

  /** What an administrator changes about an account ends its links. */
  forget(account: string): Promise<void> {
    return this.#tickets.forget(account)
  }

  /** The id of the method for passwords, where people can use it. */
  async #passwordMethod(among: readonly string[]): Promise<string | undefined> {
    const all = await this.#parts.methods.all()
    return all.find(
      ({ method: { id, kind, enabled } }) =>
        kind === 'password' && enabled && (among.length === 0 || among.includes(id)),
    )?.method.id
  }

  async #found(link: string): Promise<FoundLink> {
    const found = await this.#live(link)
    if (found === undefined) throw staleLink()
    return found
  }
}

function stageFor(link: string, found: FoundLink, ways: readonly Way[], fault?: FormFault): SetPassword {
  const { purpose, account } = found
  // A link to a new password is no way in by something else.
  const open = purpose === 'invitation' ? ways : []
  return { kind: 'set_password', link, purpose, name: account.name, login: account.id, ways: open, fault }
}
