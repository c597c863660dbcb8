import { OctroiError } from '../../core/errors.ts'
import { newToken } from '../../core/ids.ts'
import type { Connection } from '../../core/types.ts'
import { type TrialParts, tryOut } from '../connections/trial.ts'
import type { Candidates } from './candidates.ts'
import type { Draft, OpenSession } from './draft.ts'
import { TrialFailed } from './faults.ts'
import type { SessionParts, Sessions } from './sessions.ts'
import type { Stage } from './stage.ts'

/** The end of the way: what works becomes a connection, at once or when its code is redeemed. */
export class Finishing {
  readonly #parts: SessionParts & TrialParts
  readonly #sessions: Sessions
  readonly #candidates: Candidates

  constructor(parts: SessionParts & TrialParts, sessions: Sessions, candidates: Candidates) {
    this.#parts = parts
    this.#sessions = sessions
    this.#candidates = candidates
  }

  /** Works, or is not stored: throws `TrialFailed`. */
  async check(open: OpenSession): Promise<Stage> {
    const { draft } = open
    const held = { ...(await this.#candidates.held(draft)), token: draft.token }
    const { result, token } = await tryOut(this.#parts, held)
    if (!result.ok) throw new TrialFailed(result)
    const working = { ...open, draft: { ...draft, token, accounts: null } }
    return open.session.return_url === null ? this.#end(working) : this.#sendBack(working, open.session.return_url)
  }

  /** By the key that made the session, with the code that its application was given (D3). */
  async redeem(id: string, keyId: string, code: string, allow: (connection: Connection) => void): Promise<Connection> {
    const { store, drafts } = this.#parts
    const session = await store.connectSessions.get(id)
    if (session === undefined || session.key_id !== keyId) throw unknownSession(id)
    const isOver = session.state !== 'done' && this.#sessions.isExpired(session)
    if (session.state !== 'finished' || isOver) throw notFinished(id, isOver ? 'expired' : session.state)
    const draft = drafts.open(session)
    if (draft.code !== drafts.hash('code', code))
      throw new OctroiError('invalid_request', 'The code is not the one of this session.', {
        errors: [{ path: 'code', message: 'is wrong' }],
      })
    allow(await this.#candidates.subject(draft))
    const made = await this.#storeOnce({ session, draft })
    if (made === undefined) throw notFinished(id, 'done')
    return made
  }

  /** Without an application to redeem it, the session is the operator's own. */
  async #end(open: OpenSession): Promise<Stage> {
    const { session, draft } = open
    const made = await this.#storeOnce(open)
    if (made === undefined) return this.#sessions.ended('used', draft)
    const { link, token } = draft
    const connector = this.#candidates.connector(draft)
    return {
      kind: 'done',
      connector,
      link,
      connectionId: made.id,
      identity: token?.identity ?? null,
      keyId: session.key_id,
    }
  }

  /** Nothing is connected before the code comes back: a link that was sent on connects no stranger's account (D3). */
  async #sendBack(open: OpenSession, returnUrl: string): Promise<Stage> {
    const code = newToken()
    const draft = { ...open.draft, code: this.#parts.drafts.hash('code', code) }
    const advanced = await this.#sessions.advance(open, draft, { state: 'finished' })
    if ('kind' in advanced) return advanced
    const target = new URL(returnUrl)
    target.searchParams.set('session', open.session.id)
    target.searchParams.set('code', code)
    return { kind: 'onward', connector: this.#candidates.connector(draft), link: draft.link, target: target.href }
  }

  /** `undefined`: somebody else was first. The session is marked before, and set back when nothing came of it. */
  async #storeOnce(open: OpenSession): Promise<Connection | undefined> {
    const taken = await this.#sessions.advance(open, emptied(open.draft), { state: 'done' })
    if ('kind' in taken) return undefined
    try {
      return await this.#candidates.store(open.draft)
    } catch (error) {
      // A code can be redeemed again; a page begins anew, with another token.
      const { state } = open.session
      await this.#sessions.advance(taken, state === 'finished' ? open.draft : { ...open.draft, token: null }, { state })
      throw error
    }
  }
}

/** What a session that is over has no use for. */
function emptied(draft: Draft): Draft {
  return { ...draft, secrets: {}, token: null, keep: {}, accounts: null, code: null }
}

function unknownSession(id: string): OctroiError {
  return new OctroiError('not_found', `There is no connect session ${id} of yours.`)
}

const WHY = {
  open: 'nobody has opened its link yet',
  bound: 'the person has not finished yet',
  expired: 'it is over; open another one',
  finished: 'its code is not redeemed yet',
  done: 'it is done',
} as const

function notFinished(id: string, state: keyof typeof WHY): OctroiError {
  return new OctroiError('conflict', `The connect session ${id} cannot be redeemed: ${WHY[state]}.`)
}
