import { Generations } from '../core/generations.ts'
import { newToken } from '../core/ids.ts'
import type { Route } from '../core/program_types.ts'
import { type Admission, NoCredential } from '../inbound/admission.ts'
import { cookieName, setCookie } from '../inbound/cookies.ts'
import { type OriginalRequest, originalPort } from '../inbound/original_request.ts'
import { headerIn, type RequestHead } from '../inbound/request_head.ts'
import type { SessionAdmission } from '../inbound/session_admissions.ts'
import { type SessionPlace, visitCookie } from '../inbound/session_cookie.ts'
import { missingNeeds, NO_NEEDS, type SessionNeeds } from '../policy/route_session.ts'
import type { HostAddress } from '../sign_in/hosts/host_address.ts'
import type { HostSessions } from '../sign_in/hosts/host_sessions.ts'

/** How long the way to the sign-in and back may take. */
const VISIT_S = 600
const KEPT_PLACES = 1_000

/** One cookie at most: nginx before 1.23 passes no second one on. */
export interface Redirect {
  readonly location: string
  readonly cookie: string | null
}

/** There is a session, and the route asks for more: another factor, or a proof that is not so old. */
export class MoreNeeded extends NoCredential {
  readonly needs: SessionNeeds

  constructor(needs: SessionNeeds) {
    const wanted = [
      ...(needs.mfa ? ['two factors'] : []),
      ...(needs.maxAgeS === null ? [] : [`a proof that is no older than ${needs.maxAgeS} s`]),
    ]
    super(`This route asks for ${wanted.join(' and ')}: sign in again.`)
    this.needs = needs
  }
}

/** What people meet at a host behind the gate before they are let in: where their session is good, and the way to the sign-in. */
export class HostDoor {
  readonly #sessions: HostSessions
  /** Milliseconds since the epoch. */
  readonly #now: () => number
  readonly #places = new Generations<string, { readonly place: SessionPlace | undefined }>(KEPT_PLACES)

  constructor(sessions: HostSessions, now: () => number) {
    this.#sessions = sessions
    this.#now = now
  }

  /** `undefined`: no session can be had here: our own host, or plain HTTP that is not on loopback. */
  placeOf({ scheme, host }: OriginalRequest): SessionPlace | undefined {
    const key = `${scheme} ${host}`
    let kept = this.#places.get(key)
    if (kept === undefined) {
      const address = this.#sessions.addressOf(`${scheme ?? 'https'}://${host}/`)
      kept = { place: address && { host, isSecure: address.scheme === 'https' } }
      this.#places.set(key, kept)
    }
    return kept.place
  }

  /** Throws `MoreNeeded`. */
  requireEnough({ session: asked }: Route, admission: Admission | undefined): void {
    if (admission?.principal.proof !== 'session') return
    const needs = missingNeeds(asked, (admission as SessionAdmission).session, this.#now())
    if (needs !== undefined) throw new MoreNeeded(needs)
  }

  /** The address that was asked for, at which `path` (with a query) may be another one; `undefined`: it cannot be returned to. */
  addressOf(original: OriginalRequest, head: RequestHead, path = original.uri): HostAddress | undefined {
    const plain = path.replace(/[^\x21-\x7e]|[\\#]/g, (character) => encodeURIComponent(character.toWellFormed()))
    return this.#sessions.addressOf(`${original.scheme ?? 'https'}://${original.host}${originalPort(head)}${plain}`)
  }

  /**
   * To the sign-in, with a cookie that binds what comes back to this browser. A visit that is under way goes on: several pages of one browser
   * may be on their way at once.
   */
  toSignIn(address: HostAddress, head: RequestHead, needs = NO_NEEDS): Redirect {
    const isSecure = address.scheme === 'https'
    const visit = visitCookie(head, isSecure) ?? newToken()
    return {
      location: this.#sessions.signInUrl(address, visit, needs),
      cookie: setCookie(cookieName('visit', isSecure), visit, isSecure, VISIT_S),
    }
  }

  /** For a page that was opened without the session that its route wants; `undefined`: the refusal is the answer. */
  redirectFor(original: OriginalRequest, head: RequestHead, refusal: unknown): Redirect | undefined {
    if (!(refusal instanceof NoCredential) || !isNavigation(original.method, head)) return undefined
    const address = this.addressOf(original, head)
    return address && this.toSignIn(address, head, refusal instanceof MoreNeeded ? refusal.needs : NO_NEEDS)
  }
}

/** Whether a person opens a page (Fetch Metadata); browsers that do not say so ask for HTML. Scripts cannot follow a redirect to a form. */
export function isNavigation(method: string, head: RequestHead): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (headerIn(head, 'x-requested-with') !== undefined) return false
  if (head.fetchMode !== undefined) return head.fetchMode === 'navigate'
  return headerIn(head, 'accept')?.toLowerCase().includes('text/html') === true
}
