import type { IncomingMessage, ServerResponse } from 'node:http'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import type { Route } from '../core/program_types.ts'
import type { HotReads } from '../core/stores.ts'
import type { Admission } from '../inbound/admission.ts'
import type { Callers } from '../inbound/caller.ts'
import type { Entrance, Proof, Visit } from '../inbound/entrance.ts'
import type { ForwardAuthTraces } from '../inbound/forward_auth_traces.ts'
import { containsKey, keyInUrl } from '../inbound/key_format.ts'
import { type OriginalRequest, originalRequest } from '../inbound/original_request.ts'
import { type RequestHead, readHead } from '../inbound/request_head.ts'
import { isPrivateAddress } from '../policy/address.ts'
import type { KeyLimits } from '../policy/key_limits.ts'
import { normalisePath } from '../policy/path.ts'
import type { RouteTable } from '../policy/route_table.ts'
import type { RouteTables } from '../policy/route_tables.ts'
import { routeAllows } from '../policy/routes.ts'
import type { Assertions } from './assertions.ts'
import { Check, type CheckRecorder } from './forward_auth_check.ts'
import { noteTrace } from './forward_auth_seen.ts'
import { askedBy, requireKnown } from './forward_auth_target.ts'
import type { HostDoor } from './host_door.ts'
import type { HostPages } from './host_pages.ts'
import { BLANK_IDENTITY } from './identity_headers.ts'
import { noteUse } from './key_use.ts'

export interface ForwardAuthParts extends CheckRecorder {
  readonly hot: HotReads
  readonly callers: Callers
  readonly entrance: Entrance
  readonly limits: KeyLimits
  readonly assertions: Assertions
  readonly traces: ForwardAuthTraces
  readonly tables: RouteTables
  readonly door: HostDoor
  readonly pages: HostPages
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What a step comes to: at once where everything is at hand, for a promise costs as much as a step. */
type Soon<T> = T | Promise<T>

function soon<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/**
 * `ANY /forward-auth`: may this request, which a proxy tells of, pass? Five steps: who asks → what is asked → which route → who is
 * it, and may he → say so. A step that refuses throws; what is thrown is answered, and every check ends in one line of the trail.
 */
export class ForwardAuth {
  readonly #parts: ForwardAuthParts

  constructor(parts: ForwardAuthParts) {
    this.#parts = parts
  }

  handle(request: IncomingMessage, response: ServerResponse, target: string): void {
    const check = new Check(request, response, askedBy(target), this.#parts)
    const refuse = (error: unknown) => this.#seen(check, target, () => this.#refuse(check, error))
    try {
      const done = this.#decide(check)
      if (done instanceof Promise) done.then(() => this.#seen(check, target), refuse)
      else this.#seen(check, target)
    } catch (error) {
      refuse(error)
    }
  }

  #decide(check: Check): Soon<undefined> {
    // Read before anything that it vouches for is loaded.
    return soon(this.#parts.hot.version(), (version) => {
      this.#arrive(check)
      return soon(this.#parts.tables.at(version), (table) => this.#answer(check, version, table))
    })
  }

  /** Who asks, and about what. */
  #arrive(check: Check): void {
    const head = readHead(check.request.rawHeaders)
    check.head = head
    const caller = this.#parts.callers.identify(check.request.socket, head)
    check.caller = caller
    if (!caller.trusted) throw untrusted(caller.address)
    requireKnown(check.askedBy)
    const { appended } = check.askedBy
    const original = originalRequest(
      head,
      appended === null ? null : { method: check.request.method as string, uri: appended },
    )
    check.original = original
    if (original.scheme === 'http' && !isPrivateAddress(caller.address)) throw insecure()
    if (containsKey(original.uri)) throw keyInUrl()
    check.path = original.path.slice(0, 2_048)
    check.path = normalisePath(original.path)
  }

  #answer(check: Check, version: number, table: RouteTable): Soon<undefined> {
    const original = check.original as OriginalRequest
    const path = check.path as string
    if (this.#parts.pages.isOne(path) && table.takesSessions(original.host)) {
      this.#requireTrail()
      return this.#parts.pages.answer(check, version)
    }
    if (this.#isPreflight(check, table)) return check.pass(BLANK_IDENTITY)
    const route = table.find(original.host, original.method, path)
    if (route === undefined) throw noRoute()
    check.route = route
    this.#want(check, table, route)
    return soon(this.#admit(check, version, route), (admission) => {
      const others = table.others(original.host, original.method, path, route)
      if (others.length === 0) return this.#pass(check, admission)
      for (const other of others) this.#want(check, table, other)
      return this.#admitByAll(check, version, others).then(() => this.#pass(check, admission))
    })
  }

  /**
   * A browser asks before it asks, without a credential (Fetch standard, CORS-preflight fetch). The route is that of the request to come;
   * the service behind answers, and still has its say.
   */
  #isPreflight(check: Check, table: RouteTable): boolean {
    const { origin, preflightMethod } = check.head as RequestHead
    const { method, host } = check.original as OriginalRequest
    if (method !== 'OPTIONS' || origin === undefined || preflightMethod === undefined) return false
    const path = check.path as string
    const route = table.find(host, preflightMethod, path)
    if (route === undefined || !route.cors_origins.includes(origin)) return false
    const others = table.others(host, preflightMethod, path, route)
    if (!others.every((other) => other.cors_origins.includes(origin))) return false
    check.route = route
    return true
  }

  /** Nothing of a session is looked at but where a route takes one. */
  #want(check: Check, table: RouteTable, { accept }: Route): void {
    const original = check.original as OriginalRequest
    if (!accept.kinds.includes('session') || !table.takesSessions(original.host)) return
    check.place = this.#parts.door.placeOf(original)
  }

  /** Who is let through by this route; `undefined`: nobody in particular. */
  #admit(check: Check, version: number, route: Route): Soon<Admission | undefined> {
    check.wanted = route.accept.kinds
    return soon(this.#parts.entrance.admitBy(check as Visit, version, route.accept), (proofs) =>
      soon(this.#count(proofs), () => {
        const admission = allowed(check, route, proofs)
        this.#parts.door.requireEnough(route, admission)
        check.admission = admission
        return admission
      }),
    )
  }

  /** Each key's limit, refused or not. */
  #count(proofs: readonly Proof[]): Soon<undefined> {
    const { limits, now } = this.#parts
    if (proofs.length === 0) return undefined
    if (proofs.length === 1) return limits.count((proofs[0] as Proof).admission.key, now()) as Soon<undefined>
    const keys = new Set(proofs.map(({ admission }) => admission.key))
    // Each as a promise: one that refuses at once must not leave another's refusal to nobody, which ends the process.
    return Promise.all([...keys].map(async (key) => limits.count(key, now()))).then(() => undefined)
  }

  /** What servers may read into the path has to be allowed as well. Nobody is asked twice for his limit. */
  async #admitByAll(check: Check, version: number, others: readonly Route[]): Promise<void> {
    const { admission } = check
    for (const other of others) {
      check.wanted = other.accept.kinds
      const proofs = await this.#parts.entrance.admitBy(check as Visit, version, other.accept)
      this.#parts.door.requireEnough(other, allowed(check, other, proofs))
    }
    check.admission = admission
  }

  #pass(check: Check, admission: Admission | undefined): Soon<undefined> {
    const { trail, assertions, now } = this.#parts
    this.#requireTrail()
    if (admission === undefined) return check.pass(BLANK_IDENTITY)
    const nowMs = now()
    noteUse(trail, admission, nowMs)
    if (check.askedBy.unsigned) return check.pass(assertions.unsignedFor(admission))
    return check.pass(assertions.headersFor(admission, (check.original as OriginalRequest).host, nowMs))
  }

  #requireTrail(): void {
    if (!this.#parts.trail.full) return
    throw new OctroiError('store_unavailable', 'The audit trail cannot be written now.', { retryAfter: 5 })
  }

  /** A person who opens a page of a host where people sign in is sent to do so; anybody else is told what is wrong. */
  #refuse(check: Check, error: unknown): Soon<undefined> {
    const { original, head, place, wanted } = check
    if (original === undefined || head === undefined || place === undefined || !wanted.includes('session'))
      return check.refuse(error)
    const redirect = this.#parts.door.redirectFor(original, head, error)
    return redirect === undefined ? check.refuse(error) : check.redirect(redirect, asOctroiError(error))
  }

  /** The end, whatever it was: nothing that goes wrong here may end the process. */
  #seen(check: Check, target: string, end: () => Soon<undefined> = () => undefined): void {
    const { traces, tables, log } = this.#parts
    const failed = (error: unknown) => {
      log.error({ err: error }, 'a check could not be answered')
      check.response.destroy()
    }
    const note = () => {
      if (traces.waiting) noteTrace(check, target, traces, tables.latest)
      return undefined
    }
    try {
      const noted = soon(end(), note)
      if (noted instanceof Promise) noted.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

/**
 * The first of those who proved who they are that the route allows. The others have to be allowed too, or be the same account: a second
 * proof that anybody's account could give would be none. A route that takes nothing but anybody asks no more.
 */
function allowed(check: Check, route: Route, proofs: readonly Proof[]): Admission | undefined {
  if (proofs.length === 0) return undefined
  const isAllowed = ({ admission }: Proof) => routeAllows(route, admission.principal)
  const identity = proofs.find(isAllowed)?.admission
  const account = identity?.principal.account
  if (proofs.every((proof) => isAllowed(proof) || proof.admission.principal.account === account)) return identity
  check.admission = proofs[0]?.admission
  throw new OctroiError('not_granted', 'This route does not allow who is calling.')
}

function untrusted(address: string): OctroiError {
  return new OctroiError(
    'untrusted_proxy',
    `Only a trusted proxy may ask here, and ${address} is none: name it in OCTROI_TRUSTED_PROXIES.`,
  )
}

function insecure(): OctroiError {
  return new OctroiError(
    'insecure_transport',
    'The original request came over plain HTTP from a public address. Use HTTPS.',
  )
}

function noRoute(): OctroiError {
  return new OctroiError('not_granted', 'No route is for this host, path and method.')
}
