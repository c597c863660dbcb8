import { Generations } from '../core/generations.ts'
import type { FoundSession, Organization, Session, SessionPrincipal } from '../core/people_types.ts'
import type { HotReads } from '../core/stores.ts'
import type { Admission } from './admission.ts'
import type { SessionUses } from './session_uses.ts'

const CAPACITY = 10_000

/** A session that is good now: who it is, as whom he acts, and how he proved it. */
export interface SessionAdmission extends Admission {
  readonly principal: SessionPrincipal
  readonly key: null
  readonly session: Session
  readonly organization: Organization | null
}

/** Why a token is none that is good here. For whoever looks into it, never for the caller: to him they are all alike. */
export const SESSION_FAULTS = ['unknown', 'other_host', 'expired', 'idle', 'disabled'] as const
export type SessionFault = (typeof SESSION_FAULTS)[number]

type Soon<T> = T | Promise<T>

export interface SessionAdmissionsParts {
  readonly hot: Pick<HotReads, 'findSession'>
  /** Token → what it is stored as. */
  readonly hash: (token: string) => string
  readonly uses: SessionUses
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Session token → admission. As with keys, what was loaded is kept only while the store's version stays: a session that was ended, or
 * whose account was disabled, is dead from the next request.
 */
export class SessionAdmissions {
  readonly #parts: SessionAdmissionsParts
  #version = Number.NaN
  #kept = new Generations<string, SessionAdmission>(CAPACITY)

  constructor(parts: SessionAdmissionsParts) {
    this.#parts = parts
  }

  /**
   * `version` is what `HotReads.version()` gave for this request; `host` is the one at which the cookie came, null for Octroi's own pages. A
   * session that is good counts as used. No promise for one that is known.
   */
  find(version: number, token: string, host: string | null): Soon<SessionAdmission | undefined> {
    const looked = this.look(version, token, host)
    return looked instanceof Promise ? looked.then(unlessFault) : unlessFault(looked)
  }

  /** The same, with why it is none. */
  look(version: number, token: string, host: string | null): Soon<SessionAdmission | SessionFault> {
    if (version !== this.#version) {
      this.#version = version
      this.#kept = new Generations(CAPACITY)
    }
    const hash = this.#parts.hash(token)
    const known = this.#kept.get(hash)
    return known === undefined ? this.#load(hash, host) : this.#judge(known, host)
  }

  async #load(hash: string, host: string | null): Promise<SessionAdmission | SessionFault> {
    // What is loaded belongs with the version that was read before it, whatever comes meanwhile (D18).
    const kept = this.#kept
    const found = await this.#parts.hot.findSession(hash)
    if (found === undefined) return 'unknown'
    const admission = admissionOf(found)
    kept.set(hash, admission)
    return this.#judge(admission, host)
  }

  #judge(admission: SessionAdmission, host: string | null): Soon<SessionAdmission | SessionFault> {
    const { uses, now } = this.#parts
    const { session, account, endsAt } = admission
    const nowMs = now()
    // Worthless anywhere else (D2).
    if (session.host !== host) return 'other_host'
    if (nowMs >= endsAt) return 'expired'
    if (account.disabled_at !== null) return 'disabled'
    const live = (isIdle: boolean) => {
      if (isIdle) return 'idle'
      uses.note(session, nowMs)
      return admission
    }
    const isIdle = uses.isIdle(session, nowMs)
    return isIdle instanceof Promise ? isIdle.then(live) : live(isIdle)
  }
}

function unlessFault(looked: SessionAdmission | SessionFault): SessionAdmission | undefined {
  return typeof looked === 'string' ? undefined : looked
}

/** He acts with the groups of the organization besides his own; of its grants the store knows. */
function admissionOf({ session, account, grants, organization }: FoundSession): SessionAdmission {
  const groups = organization === null ? account.groups : [...new Set([...account.groups, ...organization.groups])]
  return {
    key: null,
    account,
    session,
    organization,
    principal: {
      kind: account.kind,
      proof: 'session',
      subject: account.id,
      key_id: null,
      account: account.id,
      name: account.name,
      email: account.email,
      groups,
      permissions: [],
      grants,
      expires_at: session.expires_at,
      cidrs: [],
    },
    addresses: undefined,
    endsAt: Date.parse(session.expires_at),
    compiled: new Map(),
    notedAt: 0,
  }
}
