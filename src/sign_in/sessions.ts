import { newEvent } from '../core/events.ts'
import { newToken, randomId } from '../core/ids.ts'
import type { AuthenticationMethod, Session } from '../core/people_types.ts'
import type { ActivityStore, Store } from '../core/stores.ts'
import { together } from './desk/sign_in_state.ts'
import type { PeopleSecrets } from './secrets.ts'

const MAX_USER_AGENT = 300

/** Somebody who has proved who he is, and all that is to be known of how. */
export interface NewSession {
  readonly account: string
  /** The id of the sign-in method. */
  readonly method: string
  readonly amr: readonly AuthenticationMethod[]
  readonly acr: string | null
  /** RFC 3339. */
  readonly authTime: string
  /** The organization that he acts for. */
  readonly organization: string | null
  /** Of the provider, for its logout. */
  readonly idToken: string | null
  readonly address: string
  readonly userAgent: string | undefined
}

/** From where a browser came. */
export interface Visitor {
  readonly address: string
  /** `undefined`: the proxy does not say. */
  readonly userAgent: string | undefined
}

/** The token is for the cookie; only its hash is stored. */
export interface StartedSession {
  readonly session: Session
  readonly token: string
}

/** Why a session ended, as its event says. */
export type SessionEnd = 'signed_out' | 'revoked' | 'replaced' | 'password_changed' | 'factors_changed' | 'disabled'

export interface SessionsParts {
  readonly store: Store
  readonly activity: Pick<ActivityStore, 'tickets' | 'providerEntries'>
  readonly secrets: PeopleSecrets
  /** Seconds. */
  readonly maxS: number
  readonly idleS: number
  /** Applications are to be told of what has ended, once it is committed. */
  readonly onEnded?: (() => void) | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Begins and ends sessions. A token is new at every beginning, so that none that was planted before is ever worth anything (T34). */
export class Sessions {
  readonly #parts: SessionsParts

  constructor(parts: SessionsParts) {
    this.#parts = parts
  }

  /**
   * `replaces`: the session that this browser had, which ends; this one goes on for it where it is the same account's. `store`: of the transaction in which all that belongs to the sign-in is
   * stored; with it, call `forget` for `replaces` after it has committed.
   */
  async start(
    wanted: NewSession,
    { replaces, store }: { readonly replaces?: string | undefined; readonly store?: Store | undefined } = {},
  ): Promise<StartedSession> {
    const { secrets, maxS, idleS, now } = this.#parts
    const { account, method, amr, acr, organization, address } = wanted
    const id = randomId(16)
    const session: Session = {
      id,
      account,
      host: null,
      parent: null,
      method,
      amr,
      acr,
      auth_time: wanted.authTime,
      organization,
      sealed: wanted.idToken === null ? null : secrets.seal(wanted.idToken, placeOf(id)),
      address,
      user_agent: userAgentText(wanted.userAgent),
      created_at: new Date(now()).toISOString(),
      expires_at: new Date(now() + maxS * 1000).toISOString(),
      idle_s: idleS,
      lineage: id,
    }
    return this.#start(session, replaces, store)
  }

  /**
   * The session of one host behind `/forward-auth`: good there alone, and gone with its parent. `undefined`: the parent has ended meanwhile.
   * `replaces`: the one that this browser had there.
   */
  async startForHost(
    parent: string,
    host: string,
    { address, userAgent }: Visitor,
    replaces?: string,
  ): Promise<StartedSession | undefined> {
    const { store, now } = this.#parts
    const nowText = new Date(now()).toISOString()
    const started = await store.transaction(async (bound) => {
      const found = await bound.sessions.get(parent)
      if (found === undefined || found.host !== null || found.expires_at <= nowText) return undefined
      const id = randomId(16)
      const own = { id, lineage: id, host, parent, sealed: null, address, created_at: nowText }
      const session = { ...found, ...own, user_agent: userAgentText(userAgent) || found.user_agent }
      return this.#start(session, replaces, bound)
    })
    if (started !== undefined && replaces !== undefined) await this.forget(replaces)
    return started
  }

  async #start(wanted: Session, replaces: string | undefined, bound: Store | undefined): Promise<StartedSession> {
    const token = newToken()
    const work = async (store: Store) => {
      const before = replaces === undefined ? undefined : await store.sessions.get(replaces)
      const goesOn = before !== undefined && this.#goesOn(before, wanted)
      const session = goesOn ? { ...wanted, lineage: before.lineage } : wanted
      await store.sessions.insert(session, this.#parts.secrets.hash('session', token))
      // Before it ends, so that its applications are not told that it has.
      if (goesOn) await store.sessionClients.move(before.id, session.id)
      if (replaces !== undefined) await this.#end(store, replaces, 'replaced')
      const { id, account, host, method } = session
      const data = { session: id, host, method }
      await store.events.insert(newEvent('session.started', `account:${account}`, data, this.#date()))
      return { session, token }
    }
    if (bound !== undefined) return work(bound)
    const started = await this.#parts.store.transaction(work)
    if (replaces !== undefined) await this.forget(replaces)
    return started
  }

  /** A fresh proof of the person who is signed in: he stays signed in at the applications that he went to. */
  #goesOn(before: Session, session: Session): boolean {
    const own = before.host === null && session.host === null
    return own && before.account === session.account && before.expires_at > session.created_at
  }

  /**
   * The same session under another token, since what it may do has changed (T34); `amr` is what has been proved besides. `undefined`: it has
   * ended.
   */
  async renew(
    id: string,
    amr: readonly AuthenticationMethod[],
    store = this.#parts.store,
  ): Promise<string | undefined> {
    const token = newToken()
    const found = await store.sessions.get(id)
    if (found === undefined) return undefined
    const hash = this.#parts.secrets.hash('session', token)
    return (await store.sessions.replaceToken(id, hash, together(found.amr, amr))) ? token : undefined
  }

  /** With the sessions of hosts below it. False: there was none. */
  async end(id: string, why: SessionEnd = 'signed_out'): Promise<boolean> {
    const ended = await this.#parts.store.transaction((store) => this.#end(store, id, why))
    await this.forget(id)
    return ended
  }

  async #end(store: Store, id: string, why: SessionEnd): Promise<boolean> {
    const found = await store.sessions.get(id)
    if (found === undefined || !(await store.sessions.end(id, this.#date().toISOString()))) return false
    const data = { session: id, host: found.host, why }
    await store.events.insert(newEvent('session.ended', `account:${found.account}`, data, this.#date()))
    this.noteEnded()
    return true
  }

  /** After an end that was not made here. */
  noteEnded(): void {
    this.#parts.onEnded?.()
  }

  /**
   * All of an account, but one and what is below that. How many. One event says so. `store`: of the transaction of the change that ends
   * them.
   */
  async endAll(account: string, why: SessionEnd, except?: string, store = this.#parts.store): Promise<number> {
    // Who has proved himself and waits at a step proved it with what is good no longer.
    await this.#parts.activity.tickets.deleteOfAccount(account, 'step')
    // What applications hold for him, also while he is away, came of it too.
    await this.#parts.activity.providerEntries.deleteOfAccount(account)
    return store.transaction(async (bound) => {
      const count = await bound.sessions.endAll(account, this.#date().toISOString(), except)
      const data = { sessions: count, why, ...(except === undefined ? {} : { except }) }
      if (count > 0) await bound.events.insert(newEvent('session.ended', `account:${account}`, data, this.#date()))
      this.noteEnded()
      return count
    })
  }

  /** What was handed out for a session that has ended: the steps and codes that came from it. */
  async forget(id: string): Promise<void> {
    await this.#parts.activity.tickets.deleteOfSession(id)
  }

  /** Of the provider, for its logout; null: it had none. */
  idTokenOf({ id, sealed }: Session): string | null {
    return sealed === null ? null : (this.#parts.secrets.open<string>(sealed, placeOf(id)) ?? null)
  }

  #date(): Date {
    return new Date(this.#parts.now())
  }
}

function placeOf(id: string): string {
  return `session:${id}`
}

/** For the person to recognise his browser by, and for nothing else. */
export function userAgentText(given: string | undefined): string {
  return (given ?? '')
    .replace(/\p{Cc}/gu, '')
    .slice(0, MAX_USER_AGENT)
    .toWellFormed()
}
