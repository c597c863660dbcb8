import { asOctroiError, OctroiError } from '../../core/errors.ts'
import type { Connection, ConnectSession } from '../../core/types.ts'
import { checkFault } from '../check.ts'
import { validateSettings } from '../connection_input.ts'
import { ExchangeError } from '../exchange.ts'
import { type Held, secretsOf } from '../held.ts'
import { tokenOf } from '../lifetime.ts'
import type { Values } from '../scheme.ts'
import { tryOut } from '../trial.ts'
import { listAccounts } from './accounts.ts'
import { callbackPath } from './callback.ts'
import { type CandidateParts, Candidates } from './candidates.ts'
import { type Draft, type Drafts, newToken, type OpenSession } from './draft.ts'
import { formOf, type Submission, withInput } from './form.ts'
import { needsConsent } from './questions.ts'
import type { Stage } from './stage.ts'

export interface DeskParts extends CandidateParts {
  readonly drafts: Drafts
  /** Without a trailing slash. */
  readonly publicUrl: string
}

/** A link that was guessed at must not become a way to try passwords at a service. */
const MAX_ATTEMPTS = 20

/**
 * The way of one person from a link to a connection: a form, or the service's own sign-in and its callback, a choice among accounts,
 * a test. Nothing is stored as a connection before it works. Each method answers what the person comes to next.
 */
export class Desk {
  readonly #parts: DeskParts
  readonly #candidates: Candidates

  constructor(parts: DeskParts) {
    this.#parts = parts
    this.#candidates = new Candidates(parts)
  }

  /** What the link shows. Changes nothing: mail scanners and previews open links too. */
  async show(link: string, scheme?: string): Promise<Stage> {
    const open = await this.#find(link)
    return 'kind' in open ? open : this.#stage(open, scheme)
  }

  async submit(link: string, browser: string, submission: Submission): Promise<Stage> {
    const open = await this.#take(link, browser)
    if ('kind' in open) return open
    if (open.draft.accounts !== null) return this.#stage(open)
    const scheme = submission.scheme ?? open.draft.connection.scheme
    try {
      const draft = await withInput(this.#candidates, this.#parts.listeners, open.draft, { ...submission, scheme })
      return await this.#given({ ...open, draft })
    } catch (error) {
      return this.#formAgain(open, scheme, submission, asFault(error))
    }
  }

  /** `path` is that of the callback that was called; it must be the one that the state was made for (D4). */
  async callback(path: string, params: Values, browser: string | undefined): Promise<Stage> {
    const { store, drafts } = this.#parts
    const session = await store.connectSessions.findByState(drafts.hash('state', params.state ?? ''))
    const fault = session === undefined ? ENDED : this.#fault(session)
    if (session === undefined || fault !== undefined) return fault ?? ENDED
    const draft = drafts.open(session)
    const isSame = browser !== undefined && draft.browser === drafts.hash('browser', browser)
    if (!isSame || draft.redirectUri !== `${this.#parts.publicUrl}${path}`) return ENDED
    // Single use: whatever comes of it, the same answer of the service does not count twice.
    const open = await this.#advance({ session, draft }, { ...draft, redirectUri: null, keep: {} })
    if ('kind' in open) return open
    return this.#consented(open, { params, redirectUri: draft.redirectUri, keep: draft.keep })
  }

  async choose(link: string, browser: string, account: string): Promise<Stage> {
    const open = await this.#take(link, browser)
    if ('kind' in open) return open
    const { accounts } = open.draft
    if (accounts === null) return this.#stage(open)
    if (accounts.some(({ id }) => id === account)) return this.#chosen(open, account)
    return { kind: 'choose', connector: this.#candidates.connector(open.draft), link, accounts, fault: true }
  }

  #chosen(open: OpenSession, account: string): Promise<Stage> {
    const { connection } = open.draft
    const connector = this.#candidates.connector(open.draft)
    const setting = connector.accounts?.setting as string
    const settings = validateSettings(connector, { ...connection.settings, [setting]: account })
    const chosen = { ...open.draft, accounts: null, connection: { ...connection, settings } }
    return this.#checked({ ...open, draft: chosen })
  }

  /** By the key that made the session, with the code that its application was given (D3). */
  async redeem(id: string, keyId: string, code: string): Promise<Connection> {
    const { store, drafts } = this.#parts
    const session = await store.connectSessions.get(id)
    if (session === undefined || session.key_id !== keyId) throw unknownSession(id)
    if (session.state !== 'finished' || this.#isExpired(session))
      throw new OctroiError(
        'conflict',
        `The connect session ${id} is ${this.#isExpired(session) ? 'over' : session.state}.`,
      )
    const draft = drafts.open(session)
    if (draft.code !== drafts.hash('code', code))
      throw new OctroiError('invalid_request', 'The code is not the one of this session.', {
        errors: [{ path: 'code', message: 'is wrong' }],
      })
    const state = { state: 'done' as const, sealed: session.sealed, state_hash: null }
    if (!(await store.connectSessions.advance(id, 'finished', state))) throw unknownSession(id)
    return this.#candidates.store(draft).catch(async (error) => {
      await store.connectSessions.advance(id, 'done', { ...state, state: 'finished' })
      throw error
    })
  }

  async #find(link: string): Promise<OpenSession | Extract<Stage, { kind: 'ended' }>> {
    const { store, drafts } = this.#parts
    const session = await store.connectSessions.findByToken(drafts.hash('link', link))
    const fault = session === undefined ? ENDED : this.#fault(session)
    return session === undefined || fault !== undefined ? (fault ?? ENDED) : { session, draft: drafts.open(session) }
  }

  #fault(session: ConnectSession): Extract<Stage, { kind: 'ended' }> | undefined {
    const service = this.#parts.catalogue.get(session.connector)?.name
    if (service === undefined) return ENDED
    if (session.state === 'done' || session.state === 'finished') return { kind: 'ended', reason: 'used', service }
    return this.#isExpired(session) ? { kind: 'ended', reason: 'expired', service } : undefined
  }

  #isExpired(session: ConnectSession): boolean {
    return this.#parts.now() >= Date.parse(session.expires_at)
  }

  /** The session is this browser's from its first answer on. */
  async #take(link: string, browser: string): Promise<OpenSession | Extract<Stage, { kind: 'ended' }>> {
    const open = await this.#find(link)
    if ('kind' in open) return open
    const hash = this.#parts.drafts.hash('browser', browser)
    const { draft } = open
    if (draft.browser !== null && draft.browser !== hash)
      return { kind: 'ended', reason: 'used', service: this.#candidates.connector(draft).name }
    if (draft.attempts >= MAX_ATTEMPTS)
      return { kind: 'ended', reason: 'used', service: this.#candidates.connector(draft).name }
    return this.#advance(open, { ...draft, browser: hash, attempts: draft.attempts + 1 })
  }

  async #advance(
    { session }: OpenSession,
    draft: Draft,
    to: { state?: ConnectSession['state']; stateHash?: string | null } = {},
  ): Promise<OpenSession | Extract<Stage, { kind: 'ended' }>> {
    const state = to.state ?? 'bound'
    const next = {
      ...session,
      state,
      sealed: this.#parts.drafts.seal(draft, session.id),
      state_hash: to.stateHash ?? null,
    }
    const advanced = await this.#parts.store.connectSessions.advance(session.id, session.state, next)
    return advanced
      ? { session: next, draft }
      : { kind: 'ended', reason: 'used', service: this.#candidates.connector(draft).name }
  }

  async #stage({ draft }: OpenSession, asked?: string): Promise<Stage> {
    const connector = this.#candidates.connector(draft)
    const base = { connector, link: draft.link }
    if (draft.accounts !== null) return { ...base, kind: 'choose', accounts: draft.accounts, fault: false }
    const scheme = asked !== undefined && draft.schemes.includes(asked) ? asked : draft.connection.scheme
    const form = await formOf(this.#candidates, draft, scheme)
    if (form.settings.length + form.secrets.length > 0 || !form.leadsOn) return form
    const held = await this.#candidates.held(draft)
    const signInHost = new URL(
      held.scheme.exchange?.consent?.signInAt({ connector, settings: held.connection.settings }) ??
        this.#parts.publicUrl,
    ).host
    return { ...base, kind: 'authorise', signInHost, again: draft.exists }
  }

  async #formAgain({ draft }: OpenSession, scheme: string, given: Submission, fault: OctroiError): Promise<Stage> {
    const form = await formOf(
      this.#candidates,
      draft,
      draft.schemes.includes(scheme) ? scheme : draft.connection.scheme,
    )
    if (form.settings.length + form.secrets.length > 0)
      return { ...form, values: given.settings, errors: fault.errors ?? [], fault }
    return { kind: 'refused', connector: form.connector, link: draft.link, by: 'service', detail: fault.detail }
  }

  /** On to the service's own page, or to the test. */
  async #given(open: OpenSession): Promise<Stage> {
    const held = await this.#candidates.held(open.draft)
    if (needsConsent({ ...held, token: open.draft.token })) return this.#toService(open, held)
    const trial = await tryOut(this.#parts, { ...held, token: open.draft.token })
    if (!trial.result.ok) throw checkFault(trial.result)
    return this.#finish({ ...open, draft: { ...open.draft, token: trial.token } })
  }

  async #toService(open: OpenSession, held: Held): Promise<Stage> {
    const { publicUrl, renewals, drafts } = this.#parts
    const redirectUri = `${publicUrl}${callbackPath(held.connection)}`
    const state = newToken()
    const consent = held.scheme.exchange?.consent
    if (consent === undefined) throw new OctroiError('internal', `The scheme ${held.scheme.id} asks nobody.`)
    const { url, keep } = await consent.begin(secretsOf(held), { redirectUri, state }, renewals.context(held))
    const advanced = await this.#advance(
      open,
      { ...open.draft, redirectUri, keep },
      { stateHash: drafts.hash('state', state) },
    )
    return 'kind' in advanced
      ? advanced
      : { kind: 'onward', connector: held.connector, link: open.draft.link, target: url }
  }

  async #consented(open: OpenSession, callback: { params: Values; redirectUri: string; keep: Values }): Promise<Stage> {
    const held = await this.#candidates.held(open.draft)
    const base = { connector: held.connector, link: open.draft.link }
    try {
      const obtained = await held.scheme.exchange?.consent?.finish(
        secretsOf(held),
        callback,
        this.#parts.renewals.context(held),
      )
      if (obtained === undefined) return ENDED
      const token = tokenOf(obtained, this.#parts.now(), null, Math.random())
      const draft = { ...open.draft, token }
      await this.#candidates.requireSameIdentity(draft, token)
      const { accounts } = held.connector
      const isOpen = accounts !== undefined && !Object.hasOwn(draft.connection.settings, accounts.setting)
      if (!isOpen) return await this.#checked({ ...open, draft })
      return await this.#choice(open, draft, await listAccounts(this.#parts.targets.target({ ...held, token })))
    } catch (error) {
      return { ...base, kind: 'refused', ...refusalOf(error, callback.params) }
    }
  }

  async #choice(open: OpenSession, draft: Draft, accounts: Draft['accounts'] & object): Promise<Stage> {
    const [only] = accounts
    if (only === undefined) throw new ExchangeError('human', 'There is no account at the service that could be used.')
    const advanced = await this.#advance(open, { ...draft, accounts })
    if ('kind' in advanced) return advanced
    return accounts.length === 1 ? this.#chosen(advanced, only.id) : this.#stage(advanced)
  }

  /** Works, or is not stored. */
  async #checked(open: OpenSession): Promise<Stage> {
    const { draft } = open
    const connector = this.#candidates.connector(draft)
    const held = { ...(await this.#candidates.held(draft)), token: draft.token }
    const { result, token } = await tryOut(this.#parts, held)
    if (result.ok) return this.#finish({ ...open, draft: { ...draft, token } })
    await this.#advance(open, { ...draft, token: null, accounts: null })
    return { kind: 'refused', connector, link: draft.link, by: 'service', detail: result.detail }
  }

  /** Without an application to redeem it, the session is the operator's own and done; else it waits for its code (D3). */
  async #finish(open: OpenSession): Promise<Stage> {
    const { session, draft } = open
    const base = { connector: this.#candidates.connector(draft), link: draft.link }
    const code = newToken()
    const isRedeemed = session.return_url !== null
    const final = { ...draft, code: isRedeemed ? this.#parts.drafts.hash('code', code) : null }
    if (!isRedeemed) {
      const made = await this.#candidates.store(draft)
      await this.#advance(open, { ...final, secrets: {}, token: null, keep: {} }, { state: 'done' })
      return { ...base, kind: 'done', connectionId: made.id, identity: draft.token?.identity ?? null }
    }
    const advanced = await this.#advance(open, final, { state: 'finished' })
    if ('kind' in advanced) return advanced
    const target = new URL(session.return_url as string)
    target.searchParams.set('session', session.id)
    target.searchParams.set('code', code)
    return { ...base, kind: 'onward', target: target.href }
  }
}

const ENDED = { kind: 'ended', reason: 'unknown' } as const

function unknownSession(id: string): OctroiError {
  return new OctroiError('not_found', `There is no connect session ${id} of yours.`)
}

function asFault(error: unknown): OctroiError {
  if (error instanceof ExchangeError) {
    const code = error.kind === 'human' ? 'upstream_rejected_credential' : 'upstream_unreachable'
    return new OctroiError(code, error.detail, { cause: error })
  }
  const known = asOctroiError(error)
  if (known.code === 'internal') throw error
  return known
}

function refusalOf(error: unknown, params: Values): { by: 'person' | 'service' | 'other_account'; detail?: string } {
  const fault = asFault(error)
  if (fault.code === 'identity_changed') return { by: 'other_account' }
  if (params.error === 'access_denied') return { by: 'person' }
  return { by: 'service', detail: fault.detail }
}
