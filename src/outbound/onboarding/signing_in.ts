import { OctroiError } from '../../core/errors.ts'
import { newToken } from '../../core/ids.ts'
import { type Held, secretsOf } from '../connections/held.ts'
import type { Consent } from '../exchange.ts'
import { ExchangeError } from '../exchange.ts'
import type { Values } from '../scheme.ts'
import { tokenOf } from '../tokens/lifetime.ts'
import { listAccounts } from './accounts.ts'
import { callbackPath } from './callback.ts'
import type { CandidateParts, Candidates } from './candidates.ts'
import type { AccountOption, Draft, OpenSession } from './draft.ts'
import type { Found, SessionParts, Sessions } from './sessions.ts'
import type { AuthoriseStage, Stage } from './stage.ts'

export interface SigningInParts extends CandidateParts, SessionParts {
  /** Without a trailing slash. */
  readonly publicUrl: string
}

/** The way over the service's own pages: out with a state and a callback of ours, back with what becomes a token. */
export class SigningIn {
  readonly #parts: SigningInParts
  readonly #sessions: Sessions
  readonly #candidates: Candidates

  constructor(parts: SigningInParts, sessions: Sessions, candidates: Candidates) {
    this.#parts = parts
    this.#sessions = sessions
    this.#candidates = candidates
  }

  announce({ connector, connection, scheme }: Held, draft: Draft): AuthoriseStage {
    const address = consentOf(scheme).signInAt({ connector, settings: connection.settings })
    const again = draft.before?.again === true
    return { kind: 'authorise', connector, link: draft.link, signInHost: new URL(address).host, again }
  }

  /** On to the service, with a state that is this session's and this browser's. */
  async leave(open: OpenSession, held: Held): Promise<Stage> {
    const { publicUrl, renewals, drafts } = this.#parts
    const redirectUri = `${publicUrl}${callbackPath(held.connection)}`
    const state = newToken()
    const context = renewals.context(held)
    const { url, keep } = await consentOf(held.scheme).begin(secretsOf(held), { redirectUri, state }, context)
    const draft = { ...open.draft, redirectUri, keep, token: null, accounts: null }
    const advanced = await this.#sessions.advance(open, draft, { stateHash: drafts.hash('state', state) })
    if ('kind' in advanced) return advanced
    return { kind: 'onward', connector: held.connector, link: draft.link, target: url }
  }

  /**
   * Back at `path` with the state of a session. Single use: whatever comes of it, the same answer of the service does not count
   * twice. What it was an answer to is in `redirectUri` and `keep`.
   */
  async arrive(
    path: string,
    params: Values,
    browser: string | undefined,
  ): Promise<Arrived | Exclude<Found, OpenSession>> {
    const found = await this.#sessions.findByState(params.state ?? '', browser, `${this.#parts.publicUrl}${path}`)
    if ('kind' in found) return found
    const { redirectUri, keep } = found.draft
    const open = await this.#sessions.advance(found, { ...found.draft, redirectUri: null, keep: {} })
    return 'kind' in open ? open : { open, answer: { params, redirectUri: redirectUri as string, keep } }
  }

  /** The draft with the token that the answer is worth. Throws `ExchangeError`, `identity_changed`, or what the service's trouble is. */
  async redeem({ open, answer }: Arrived): Promise<OpenSession> {
    const held = await this.#candidates.held(open.draft)
    const { renewals, now } = this.#parts
    const obtained = await consentOf(held.scheme).finish(secretsOf(held), answer, renewals.context(held))
    const token = tokenOf(obtained, now(), null, Math.random())
    await this.#candidates.requireSameIdentity(open.draft, token)
    return { ...open, draft: { ...open.draft, token } }
  }

  /** What there is to choose from; `undefined` where the service has no such choice, or it is made. */
  async accounts({ draft }: OpenSession): Promise<readonly AccountOption[] | undefined> {
    const held = { ...(await this.#candidates.held(draft)), token: draft.token }
    const { accounts } = held.connector
    if (accounts === undefined || Object.hasOwn(held.connection.settings, accounts.setting)) return undefined
    const found = await listAccounts(this.#parts.targets.target(held))
    if (found.length > 0) return found
    throw new ExchangeError('human', 'There is no account at the service that could be used.')
  }
}

export interface Arrived {
  readonly open: OpenSession
  readonly answer: { readonly params: Values; readonly redirectUri: string; readonly keep: Values }
}

function consentOf({ id, exchange }: Held['scheme']): Consent {
  if (exchange?.consent !== undefined) return exchange.consent
  throw new OctroiError('internal', `The scheme ${id} asks nobody.`)
}
