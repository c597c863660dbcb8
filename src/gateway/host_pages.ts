import { OctroiError } from '../core/errors.ts'
import { clearCookie, cookieName, setCookie } from '../inbound/cookies.ts'
import type { OriginalRequest } from '../inbound/original_request.ts'
import { headerIn, type RequestHead } from '../inbound/request_head.ts'
import type { SessionAdmission, SessionAdmissions } from '../inbound/session_admissions.ts'
import { type SessionPlace, sessionCookie, visitCookie } from '../inbound/session_cookie.ts'
import { addressText, type HostAddress } from '../sign_in/hosts/host_address.ts'
import type { HostSessions } from '../sign_in/hosts/host_sessions.ts'
import type { Sessions } from '../sign_in/sessions.ts'
import type { Check } from './forward_auth_check.ts'
import type { HostDoor, Redirect } from './host_door.ts'

/** The paths that Octroi itself answers at every host where people sign in. */
const PREFIX = '/.octroi/'

export interface HostPagesParts {
  readonly door: HostDoor
  readonly hostSessions: HostSessions
  readonly sessions: Sessions
  readonly admissions: SessionAdmissions
}

/** What is known of a request to one of them. */
interface Visit {
  readonly original: OriginalRequest
  readonly head: RequestHead
  readonly place: SessionPlace
  /** Of the page itself. */
  readonly address: HostAddress
  /** The session that the browser has here. */
  readonly current: SessionAdmission | undefined
}

/** `GET /.octroi/session?code=&to=` makes a session of a code, `GET /.octroi/sign-out` ends it. Both lead on. */
export class HostPages {
  readonly #parts: HostPagesParts

  constructor(parts: HostPagesParts) {
    this.#parts = parts
  }

  isOne(path: string): boolean {
    return path === `${PREFIX}session` || path === `${PREFIX}sign-out`
  }

  /** Throws `method_not_allowed` for anything but GET, and `invalid_request` where no session can be had. */
  async answer(check: Check, version: number): Promise<undefined> {
    const [original, head] = [check.original as OriginalRequest, check.head as RequestHead]
    if (original.method !== 'GET')
      throw new OctroiError('method_not_allowed', `${original.method} is not served here: open the page.`)
    const place = this.#parts.door.placeOf(original)
    const address = this.#parts.door.addressOf(original, head)
    if (place === undefined || address === undefined)
      throw new OctroiError(
        'invalid_request',
        'No session can be had at this host: it needs HTTPS, and the port of the public URL.',
      )
    const current = await this.#current(version, head, place)
    check.account = current?.account.id ?? null
    const visit = { original, head, place, address, current }
    const redirect = check.path === `${PREFIX}session` ? await this.#begin(check, visit) : await this.#end(visit)
    return check.redirect(redirect)
  }

  async #current(version: number, head: RequestHead, place: SessionPlace): Promise<SessionAdmission | undefined> {
    const cookie = sessionCookie(head, place)
    return typeof cookie === 'string' ? undefined : this.#parts.admissions.find(version, cookie.token, place.host)
  }

  async #begin(check: Check, { original, head, place, address, current }: Visit): Promise<Redirect> {
    const query = new URLSearchParams(original.uri.slice(original.path.length))
    const visitor = { address: check.caller?.address ?? '', userAgent: headerIn(head, 'user-agent') }
    const { isSecure } = place
    const visit = visitCookie(head, isSecure)
    const { hostSessions, door } = this.#parts
    const to = this.#toward(query.get('to') ?? '/', original, head) ?? { ...address, path: '/' }
    const code = query.getAll('code')
    const started =
      code.length === 1
        ? await hostSessions.redeem(code[0] as string, original.host, visit, visitor, current?.session.id)
        : undefined
    if (started !== undefined) {
      check.account = started.session.account
      const cookie = setCookie(cookieName('session', isSecure), started.token, isSecure)
      return { location: addressText(to), cookie }
    }
    // Opened a second time: the session is there.
    if (current !== undefined) return { location: addressText(to), cookie: null }
    return door.toSignIn(to, head)
  }

  /** A page of this very host, and none of these two. */
  #toward(path: string, original: OriginalRequest, head: RequestHead): HostAddress | undefined {
    if (!path.startsWith('/') || path.startsWith(PREFIX)) return undefined
    return this.#parts.door.addressOf(original, head, path)
  }

  async #end({ place, address, current }: Visit): Promise<Redirect> {
    if (current !== undefined) await this.#parts.sessions.end(current.session.id)
    return {
      location: this.#parts.hostSessions.signOutUrl(address),
      cookie: clearCookie(cookieName('session', place.isSecure), place.isSecure),
    }
  }
}
