import type { ActivityStore, HotReads, Store } from '../core/stores.ts'
import { SessionAdmissions } from '../inbound/session_admissions.ts'
import { SessionUses, type SessionUsesParts } from '../inbound/session_uses.ts'
import { RouteTables } from '../policy/route_tables.ts'
import { HostSessions } from '../sign_in/hosts/host_sessions.ts'
import type { PeopleSecrets } from '../sign_in/secrets.ts'
import { Sessions } from '../sign_in/sessions.ts'
import { HostDoor } from './host_door.ts'
import { HostPages } from './host_pages.ts'

export interface PeopleParts {
  readonly store: Store
  readonly activity: ActivityStore
  readonly hot: HotReads
  readonly secrets: PeopleSecrets
  /** Seconds. */
  readonly limits: { readonly session_max_s: number; readonly session_idle_s: number }
  /** Without a slash at the end. */
  readonly publicUrl: string
  readonly log: SessionUsesParts['log']
  /** Of sessions. */
  readonly onEnded?: (() => void) | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Sessions and all that knows of them, once for all doors: what one of them notes, the others see. */
export interface People {
  readonly secrets: PeopleSecrets
  readonly sessions: Sessions
  readonly admissions: SessionAdmissions
  /** To be closed at the end. */
  readonly uses: SessionUses
  readonly tables: RouteTables
  readonly hostSessions: HostSessions
  readonly door: HostDoor
  readonly pages: HostPages
}

export function openPeople(parts: PeopleParts): People {
  const { store, activity, hot, secrets, limits, publicUrl, log, onEnded, now } = parts
  const { session_max_s: maxS, session_idle_s: idleS } = limits
  const sessions = new Sessions({ store, activity, secrets, maxS, idleS, onEnded, now })
  const uses = new SessionUses({ activity, log })
  const admissions = new SessionAdmissions({ hot, hash: (token) => secrets.hash('session', token), uses, now })
  const tables = new RouteTables(hot)
  const hostSessions = new HostSessions({ hot, tables, activity, secrets, sessions, publicUrl, now })
  const door = new HostDoor(hostSessions, now)
  const pages = new HostPages({ door, hostSessions, sessions, admissions })
  return { secrets, sessions, admissions, uses, tables, hostSessions, door, pages }
}
