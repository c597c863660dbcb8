import { createHash } from 'node:crypto'
import { OctroiError } from '../../core/errors.ts'
import { newToken } from '../../core/ids.ts'
import type { Client, Session, Ticket } from '../../core/people_types.ts'
import type { ActivityStore, Store } from '../../core/stores.ts'
import { type PeopleSecrets, TOKEN_SHAPE } from '../secrets.ts'
import type { TowardsApp } from '../towards.ts'
import { type ApplicationPerson, personOf } from './person.ts'
import { type ApplicationToken, giveToken, type TokenParts } from './tokens.ts'

/** A code is for the redirect and the call that follows it, not for people. */
const CODE_MS = 60_000
/** So long a code that was used is recognised when it comes again. */
const USED_MS = 600_000
/** RFC 7636 §4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

export interface CodeParts extends TokenParts {
  readonly store: Store
  readonly activity: Pick<ActivityStore, 'tickets'>
  readonly secrets: PeopleSecrets
}

/** What a code stands for; sealed in its ticket. */
interface Coded {
  readonly client: string
  readonly session: string
  readonly redirectUri: string
  /** S256 (RFC 7636 §4.2). */
  readonly challenge: string
}

/** What the back end of an application sends. */
export interface Exchanging {
  readonly code: string
  readonly code_verifier: string
  readonly redirect_uri?: string | undefined
}

export interface Exchanged {
  readonly person: ApplicationPerson
  readonly session: Session
  /** Null where the application gets none. */
  readonly token: ApplicationToken | null
}

/** One-time codes of applications: made at the redirect, exchanged by the back end that knows the verifier (D5). */
export class ApplicationCodes {
  readonly #parts: CodeParts

  constructor(parts: CodeParts) {
    this.#parts = parts
  }

  async issue(session: Session, { client, redirectUri, challenge }: TowardsApp): Promise<string> {
    if (challenge === null) throw new Error('A code without a challenge would be anybody’s.')
    const code = newToken()
    const coded: Coded = { client, session: session.id, redirectUri, challenge }
    const { tickets } = this.#parts.activity
    // The second one stays behind: a code that comes again after its use is told from one that never was.
    await tickets.put(this.#ticket('used_app_code', code, session, coded, USED_MS))
    await tickets.put(this.#ticket('app_code', code, session, coded, CODE_MS))
    return code
  }

  /**
   * Throws `invalid_request` for a code that is unknown, too old, used, of another application, or whose verifier is another: in the same
   * words, and the code is spent. A second use revokes what the first one gave.
   */
  async exchange(client: Client, asked: Exchanging): Promise<Exchanged> {
    const coded = await this.#take(client, asked.code)
    const isMeant =
      coded.client === client.id &&
      (asked.redirect_uri === undefined || asked.redirect_uri === coded.redirectUri) &&
      VERIFIER.test(asked.code_verifier) &&
      createHash('sha256').update(asked.code_verifier).digest('base64url') === coded.challenge
    if (!isMeant) throw noCode()
    return this.#give(client, coded, asked.code)
  }

  async #take(client: Client, code: string): Promise<Coded> {
    if (!TOKEN_SHAPE.test(code)) throw noCode()
    const ticket = await this.#parts.activity.tickets.take(this.#id('app_code', code), 'app_code', this.#at())
    if (ticket !== undefined) return this.#open(ticket)
    await this.#revokeUsed(client, code)
    throw noCode()
  }

  async #revokeUsed(client: Client, code: string): Promise<void> {
    const { activity, store } = this.#parts
    const used = await activity.tickets.peek(this.#id('used_app_code', code), 'used_app_code', this.#at())
    if (used === undefined) return
    const coded = this.#open(used)
    // What another application's code gave is not for this one to end.
    if (coded.client !== client.id) return
    await activity.tickets.take(used.id, 'used_app_code', this.#at())
    await store.sessions.revokeKey(coded.session, coded.client, this.#at())
  }

  async #give(client: Client, coded: Coded, code: string): Promise<Exchanged> {
    const { store, activity, now } = this.#parts
    const given = await store.transaction(async (bound) => {
      const session = await bound.sessions.get(coded.session)
      if (session === undefined || Date.parse(session.expires_at) <= now()) throw noCode()
      const person = await personOf(bound, client, session)
      if (person === undefined) throw noCode()
      const token = client.token.enabled ? await giveToken(bound, this.#parts, client, session, person) : null
      return { person, session, token }
    })
    // Gone: somebody came with the same code meanwhile, when there was nothing to revoke yet.
    const used = await activity.tickets.peek(this.#id('used_app_code', code), 'used_app_code', this.#at())
    if (used !== undefined) return given
    await store.sessions.revokeKey(coded.session, coded.client, this.#at())
    throw noCode()
  }

  #ticket(purpose: 'app_code' | 'used_app_code', code: string, session: Session, coded: Coded, ms: number): Ticket {
    const { secrets, now } = this.#parts
    const id = this.#id(purpose, code)
    return {
      id,
      purpose,
      account: session.account,
      session: session.id,
      sealed: secrets.seal(coded, `ticket:${id}`),
      expires_at: new Date(now() + ms).toISOString(),
      created_at: this.#at(),
    }
  }

  #open({ id, sealed }: Ticket): Coded {
    const coded = this.#parts.secrets.open<Coded>(sealed, `ticket:${id}`)
    if (coded === undefined) throw noCode()
    return coded
  }

  #id(purpose: string, code: string): string {
    return this.#parts.secrets.hash('ticket', purpose, code)
  }

  #at(): string {
    return new Date(this.#parts.now()).toISOString()
  }
}

function noCode(): OctroiError {
  return new OctroiError(
    'invalid_request',
    'The code is not valid: it is unknown, too old, used, or not for this call.',
  )
}
