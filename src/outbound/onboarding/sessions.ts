import type { Store } from '../../core/stores.ts'
import type { ConnectSession } from '../../core/types.ts'
import { holdsPermission } from '../../policy/permissions.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import type { Draft, Drafts, OpenSession } from './draft.ts'
import type { EndedStage } from './stage.ts'

export interface SessionParts {
  readonly store: Store
  readonly drafts: Drafts
  readonly catalogue: Catalogue
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export const UNKNOWN: EndedStage = { kind: 'ended', reason: 'unknown' }

/** A link that was guessed at must not become a way to try passwords at a service. */
const MAX_ATTEMPTS = 20
/** Answers of one browser that came at once: each is taken, in whatever order. */
const TRIES = 3

export type Found = OpenSession | EndedStage

/** Whose a connect session is, whether it is over, and that each step is taken once. */
export class Sessions {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  async find(link: string): Promise<Found> {
    const { store, drafts } = this.#parts
    return this.#open(await store.connectSessions.findByToken(drafts.hash('link', link)))
  }

  /** By the `state` that the service gave back, in the browser that was sent there, at the callback that it was made for (D4). */
  async findByState(state: string, browser: string | undefined, redirectUri: string): Promise<Found> {
    const { store, drafts } = this.#parts
    const found = await this.#open(await store.connectSessions.findByState(drafts.hash('state', state)))
    if ('kind' in found) return found
    const { draft } = found
    if (browser === undefined || draft.browser !== drafts.hash('browser', browser)) return UNKNOWN
    if (draft.redirectUri === null) return this.ended('used', draft)
    return draft.redirectUri === redirectUri ? found : UNKNOWN
  }

  /** The session is this browser's from its first answer on. */
  async take(link: string, browser: string): Promise<Found> {
    const hash = this.#parts.drafts.hash('browser', browser)
    for (let tries = TRIES; ; tries--) {
      const open = await this.find(link)
      if ('kind' in open) return open
      const { draft } = open
      const isTaken = draft.browser !== null && draft.browser !== hash
      if (isTaken || draft.attempts >= MAX_ATTEMPTS) return this.ended('used', draft)
      const taken = await this.advance(open, { ...draft, browser: hash, attempts: draft.attempts + 1 })
      if (!('kind' in taken) || tries === 1) return taken
    }
  }

  /** The next step, unless another one was taken since this session was read. */
  async advance(
    { session }: OpenSession,
    draft: Draft,
    to: { readonly state?: ConnectSession['state']; readonly stateHash?: string } = {},
  ): Promise<Found> {
    const sealed = this.#parts.drafts.seal(draft, session.id)
    const next = { ...session, state: to.state ?? 'bound', sealed, state_hash: to.stateHash ?? session.state_hash }
    const isFirst = await this.#parts.store.connectSessions.advance(session.id, session, next)
    return isFirst ? { session: next, draft } : this.ended('used', draft)
  }

  isExpired({ expires_at }: ConnectSession): boolean {
    return this.#parts.now() >= Date.parse(expires_at)
  }

  ended(reason: 'expired' | 'used', { connection }: Draft): EndedStage {
    return { kind: 'ended', reason, service: this.#parts.catalogue.get(connection.connector)?.name }
  }

  async #open(session: ConnectSession | undefined): Promise<Found> {
    const service = session === undefined ? undefined : this.#parts.catalogue.get(session.connector)?.name
    if (session === undefined || service === undefined) return UNKNOWN
    if (session.state === 'done' || session.state === 'finished') return { kind: 'ended', reason: 'used', service }
    const isOver = this.isExpired(session) || !(await this.#isBacked(session))
    return isOver ? { kind: 'ended', reason: 'expired', service } : { session, draft: this.#parts.drafts.open(session) }
  }

  /** What a key may no longer do, nobody does in its name: its links end with it. */
  async #isBacked({ key_id, return_url }: ConnectSession): Promise<boolean> {
    const key = await this.#parts.store.keys.get(key_id)
    if (key === undefined || key.revoked_at !== null || key.disabled_at !== null) return false
    if (key.expires_at !== null && Date.parse(key.expires_at) <= this.#parts.now()) return false
    // Where the page itself ends the session there is no redemption at which the key's rights are looked at again.
    if (return_url === null && !holdsPermission(key.permissions, 'connections.write')) return false
    if (key.usable_when_owner_inactive) return true
    return (await this.#parts.store.accounts.get(key.account))?.disabled_at === null
  }
}
