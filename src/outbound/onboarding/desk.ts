import { asOctroiError } from '../../core/errors.ts'
import type { Connection } from '../../core/types.ts'
import { validateSettings } from '../connectors/connection_input.ts'
import type { Values } from '../scheme.ts'
import { Candidates } from './candidates.ts'
import type { Draft, OpenSession } from './draft.ts'
import { faultOf, refusalOf } from './faults.ts'
import { Finishing } from './finishing.ts'
import { formOf, type Submission, withInput } from './form.ts'
import { needsConsent } from './questions.ts'
import { type Found, Sessions } from './sessions.ts'
import { SigningIn, type SigningInParts } from './signing_in.ts'
import type { RefusedStage, Stage } from './stage.ts'

/**
 * The way of one person from a link to a connection: a form, or the service's own sign-in and its callback, a choice among accounts,
 * a test. Nothing is stored as a connection before it works. Each method answers what the person comes to next.
 */
export class Desk {
  readonly #parts: SigningInParts
  readonly #sessions: Sessions
  readonly #candidates: Candidates
  readonly #signingIn: SigningIn
  readonly #finishing: Finishing

  constructor(parts: SigningInParts) {
    this.#parts = parts
    this.#sessions = new Sessions(parts)
    this.#candidates = new Candidates(parts)
    this.#signingIn = new SigningIn(parts, this.#sessions, this.#candidates)
    this.#finishing = new Finishing(parts, this.#sessions, this.#candidates)
  }

  /** What the link shows. Changes nothing: mail scanners and previews open links too. */
  async show(link: string, scheme?: string): Promise<Stage> {
    return this.#with(await this.#sessions.find(link), (open) => this.#stage(open, scheme))
  }

  async submit(link: string, browser: string, submission: Submission): Promise<Stage> {
    return this.#with(await this.#sessions.take(link, browser), (open) =>
      open.draft.accounts === null ? this.#given(open, submission) : this.#stage(open),
    )
  }

  async choose(link: string, browser: string, account: string): Promise<Stage> {
    return this.#with(await this.#sessions.take(link, browser), async (open) => {
      const { accounts } = open.draft
      if (accounts === null) return this.#stage(open)
      if (accounts.some(({ id }) => id === account)) return this.#chosen(open, account)
      return { kind: 'choose', connector: this.#candidates.connector(open.draft), link, accounts, fault: true }
    })
  }

  /** `path` is that of the callback that was called; it must be the one that the state was made for (D4). */
  async callback(path: string, params: Values, browser: string | undefined): Promise<Stage> {
    const arrived = await this.#signingIn.arrive(path, params, browser)
    if ('kind' in arrived) return arrived
    return this.#with(arrived.open, async (open) => {
      try {
        const signedIn = await this.#signingIn.redeem(arrived)
        const accounts = await this.#signingIn.accounts(signedIn)
        if (accounts === undefined) return await this.#finishing.check(signedIn)
        const advanced = await this.#sessions.advance(signedIn, { ...signedIn.draft, accounts })
        const [only] = accounts
        if ('kind' in advanced) return advanced
        return accounts.length === 1 && only !== undefined ? this.#chosen(advanced, only.id) : this.#stage(advanced)
      } catch (error) {
        return this.#refused(open, refusalOf(error, params))
      }
    })
  }

  /** By the key that made the session, with the code that its application was given (D3). `allow` throws where the key may not. */
  redeem(id: string, keyId: string, code: string, allow: (connection: Connection) => void): Promise<Connection> {
    return this.#finishing.redeem(id, keyId, code, allow)
  }

  async #stage({ draft }: OpenSession, asked = draft.connection.scheme): Promise<Stage> {
    const connector = this.#candidates.connector(draft)
    if (draft.accounts !== null)
      return { kind: 'choose', connector, link: draft.link, accounts: draft.accounts, fault: false }
    const form = await this.#form(draft, asked)
    if (form.settings.length + form.secrets.length > 0 || !form.leadsOn) return form
    const held = await this.#candidates.held(await this.#candidates.withScheme(draft, form.scheme))
    return this.#signingIn.announce(held, draft)
  }

  #form(draft: Draft, asked: string) {
    const scheme = draft.schemes.includes(asked) ? asked : draft.connection.scheme
    return formOf(this.#candidates, draft, scheme, this.#parts.publicUrl)
  }

  /** On to the service's own page, or to the test; or the form again, with what is wrong. */
  async #given(open: OpenSession, submission: Submission): Promise<Stage> {
    const scheme = submission.scheme ?? open.draft.connection.scheme
    try {
      const draft = await withInput(this.#candidates, this.#parts.listeners, open.draft, { ...submission, scheme })
      const held = await this.#candidates.held(draft)
      if (needsConsent({ ...held, token: draft.token })) return await this.#signingIn.leave({ ...open, draft }, held)
      return await this.#finishing.check({ ...open, draft })
    } catch (error) {
      const form = await this.#form(open.draft, scheme)
      const names = form.secrets.map(([name]) => name)
      if (names.length + form.settings.length === 0) return this.#refused(open, refusalOf(error))
      return { ...form, values: submission.settings, fault: faultOf(error, names) }
    }
  }

  async #chosen(open: OpenSession, account: string): Promise<Stage> {
    const { connection } = open.draft
    const connector = this.#candidates.connector(open.draft)
    const setting = connector.accounts?.setting as string
    try {
      const settings = validateSettings(connector, { ...connection.settings, [setting]: account })
      return await this.#finishing.check({ ...open, draft: { ...open.draft, connection: { ...connection, settings } } })
    } catch (error) {
      return this.#refused(open, refusalOf(error))
    }
  }

  /** What was typed may be why the service says no, a client secret for one: it is asked for again. */
  async #refused(open: OpenSession, why: Pick<RefusedStage, 'by' | 'detail'>): Promise<Stage> {
    const { draft } = open
    const again = { ...draft, token: null, accounts: null, secrets: why.by === 'service' ? {} : draft.secrets }
    await this.#sessions.advance(open, again)
    return { kind: 'refused', connector: this.#candidates.connector(draft), link: draft.link, ...why }
  }

  /** A link whose ground is gone (the connection was deleted or moved, the application removed) is over. */
  async #with(found: Found, work: (open: OpenSession) => Promise<Stage>): Promise<Stage> {
    if ('kind' in found) return found
    try {
      return await work(found)
    } catch (error) {
      if (asOctroiError(error).code === 'conflict') return this.#sessions.ended('expired', found.draft)
      throw error
    }
  }
}
