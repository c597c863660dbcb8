import { hash } from 'node:crypto'
import { newToken } from '../../core/ids.ts'
import type { Session } from '../../core/people_types.ts'
import type { RouteSession } from '../../core/program_types.ts'
import type { ActivityStore, HotReads } from '../../core/stores.ts'
import { normalisePath } from '../../policy/path.ts'
import { NO_NEEDS, type SessionNeeds } from '../../policy/route_session.ts'
import type { RouteTables } from '../../policy/route_tables.ts'
import { SignInRefused } from '../method.ts'
import { type PeopleSecrets, TOKEN_SHAPE } from '../secrets.ts'
import type { Sessions, StartedSession, Visitor } from '../sessions.ts'
import type { TowardsHost, TowardsOwn } from '../towards.ts'
import { addressText, fits, fitting, type HostAddress, hostAddress, ownPath } from './host_address.ts'

const ANY_SESSION: RouteSession = { mfa: false, max_age_s: null }
const CODE_MS = 60_000
/** A browser that keeps its session comes once. Six would be as many redirects as browsers follow. */
const CODES = { limit: 4, window_s: 60 }

/** What the ticket of a code holds: good at this host, in the browser whose visit cookie hashes to this. */
interface Bound {
  readonly host: string
  readonly binding: string
}

/** Where a sign-in is to lead, and what the page there asks of the session. */
export interface AskedReturn {
  readonly towards: TowardsOwn | TowardsHost
  readonly needs: SessionNeeds
  /** The host, for the person; null: our own pages. */
  readonly name: string | null
}

export interface HostSessionsParts {
  readonly hot: Pick<HotReads, 'version'>
  readonly tables: RouteTables
  readonly activity: Pick<ActivityStore, 'tickets' | 'takePlaces'>
  readonly secrets: PeopleSecrets
  readonly sessions: Sessions
  /** Without a slash at the end. */
  readonly publicUrl: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * A session of its own for each host behind `/forward-auth` (D2): the person signs in at our own address, and the browser takes a code to
 * the host that is good once, there, in this browser, for a minute.
 */
export class HostSessions {
  readonly #parts: HostSessionsParts

  constructor(parts: HostSessionsParts) {
    this.#parts = parts
  }

  /**
   * Reads `return_to`, and `binding` besides it, of a visit of `/sign-in`: a page of our own, or an address whose host and path have a route
   * that takes sessions. Throws `SignInRefused` (`bad_request`) for anything else: no redirect ever leaves these (T15).
   */
  async towards(returnTo: string, binding: string | undefined): Promise<AskedReturn> {
    const path = ownPath(returnTo)
    if (path !== undefined) return { towards: { kind: 'own', path }, needs: NO_NEEDS, name: null }
    const address = fits(returnTo) ? hostAddress(returnTo, this.#parts.publicUrl) : undefined
    if (address === undefined) throw refused('The address to return to is none that this sign-in leads to.')
    const { mfa, max_age_s: maxAgeS } = await this.#askedAt(address)
    if (binding !== undefined && !TOKEN_SHAPE.test(binding)) throw refused('The parameter binding is not valid.')
    return {
      towards: { kind: 'host', returnTo: addressText(address), binding: binding ?? '' },
      needs: { mfa, maxAgeS },
      name: address.host,
    }
  }

  /** What the page there asks of a session. */
  async #askedAt({ host, path }: HostAddress): Promise<RouteSession> {
    const table = await this.#parts.tables.at(await this.#parts.hot.version())
    // What Octroi itself answers there begins and ends sessions: no link of a stranger leads to it.
    const isOne = table.takesSessions(host) && !path.startsWith('/.octroi/')
    const route = isOne ? table.find(host, 'GET', normalised(path)) : undefined
    if (route?.accept.kinds.includes('session')) return route.session
    // Who has left the host goes back to its first page, whoever may see that.
    if (isOne && path === '/') return ANY_SESSION
    throw refused('No page at the address to return to takes a sign-in.')
  }

  /**
   * Where the browser goes next: to the host with a code, or, where it did not come from there (no `binding`), to the page itself. Throws
   * `SignInRefused` (`loop`) when the browser keeps coming back.
   */
  async codeFor(parent: Session, { returnTo, binding }: TowardsHost): Promise<string> {
    const { activity, secrets, publicUrl, now } = this.#parts
    const address = hostAddress(returnTo, publicUrl)
    if (address === undefined) throw refused('The address to return to is none that this sign-in leads to.')
    if (binding === '') return returnTo
    await this.#refuseLoop(parent, returnTo)
    const code = newToken()
    const id = secrets.hash('ticket', code)
    const bound: Bound = { host: address.host, binding }
    await activity.tickets.put({
      id,
      purpose: 'host_code',
      account: parent.account,
      session: parent.id,
      sealed: secrets.seal(bound, `ticket:${id}`),
      expires_at: new Date(now() + CODE_MS).toISOString(),
      created_at: new Date(now()).toISOString(),
    })
    const query = new URLSearchParams({ code, to: address.path })
    return addressText({ ...address, path: `/.octroi/session?${query}` })
  }

  /** Counted for the page and not for the host: a browser that opens ten tabs at once does not go round in a circle. */
  async #refuseLoop(parent: Session, returnTo: string): Promise<void> {
    const key = `host codes ${parent.id} ${hash('sha256', returnTo, 'base64url')}`
    const { given } = await this.#parts.activity.takePlaces(key, 1, CODES, this.#parts.now())
    if (given > 0) return
    throw new SignInRefused(
      'loop',
      'The browser keeps coming back without the session that it was given: it refuses cookies, or what stands in front of the application does not pass them on, or does not use HTTPS.',
    )
  }

  /** `undefined`: the code is unknown, used, too old, of another host or another browser, or the session that it came from is over. */
  async redeem(
    code: string,
    host: string,
    visit: string | undefined,
    visitor: Visitor,
    replaces?: string,
  ): Promise<StartedSession | undefined> {
    const { activity, secrets, sessions, now } = this.#parts
    if (!TOKEN_SHAPE.test(code) || visit === undefined) return undefined
    const id = secrets.hash('ticket', code)
    const at = new Date(now()).toISOString()
    // Anybody can send codes that are none: they cost a read, and no write.
    const isThere = (await activity.tickets.peek(id, 'host_code', at)) !== undefined
    const ticket = isThere ? await activity.tickets.take(id, 'host_code', at) : undefined
    const bound = ticket && secrets.open<Bound>(ticket.sealed, `ticket:${id}`)
    if (bound === undefined || ticket?.session == null) return undefined
    if (bound.host !== host || !secrets.matches(bound.binding, 'visit', visit)) return undefined
    return sessions.startForHost(ticket.session, host, visitor, replaces)
  }

  /** The link by which a browser without a (sufficient) session leaves the host: back to this address, in this browser. */
  signInUrl(address: HostAddress, visit: string, needs: SessionNeeds = NO_NEEDS): string {
    const query = new URLSearchParams({
      return_to: addressText(fitting(address)),
      binding: this.#parts.secrets.hash('visit', visit),
    })
    if (needs.mfa) query.set('mfa', '1')
    if (needs.maxAgeS !== null) query.set('max_age', String(needs.maxAgeS))
    return `${this.#parts.publicUrl}/sign-in?${query}`
  }

  /** Where the person goes once he has left the host: the session at our own address is another one. */
  signOutUrl(address: HostAddress): string {
    const query = new URLSearchParams({ return_to: addressText({ ...address, path: '/' }) })
    return `${this.#parts.publicUrl}/session/sign-out?${query}`
  }

  /** The parts of an address at a host behind the gate; `undefined`: no session can be had there. */
  addressOf(text: string): HostAddress | undefined {
    return hostAddress(text, this.#parts.publicUrl)
  }
}

function refused(detail: string): SignInRefused {
  return new SignInRefused('bad_request', detail)
}

function normalised(path: string): string {
  try {
    return normalisePath(path.split('?', 1)[0] as string)
  } catch {
    throw refused('The path of the address to return to can be read in two ways.')
  }
}
