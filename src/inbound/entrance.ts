import { OctroiError } from '../core/errors.ts'
import type { AcceptKind, CredentialKind, Principal, RouteAccept } from '../core/program_types.ts'
import { type Admission, missingCredential, requireUsable, unknownCredential } from './admission.ts'
import type { Authenticator, Found } from './authenticators/authenticator.ts'
import type { Caller } from './caller.ts'
import { certificateIn } from './certificate_subject.ts'
import { isEmpty, MissingKinds, placeOf, refuseTwo, relevantTo } from './places.ts'
import { type Presented, presentedIn } from './presented.ts'
import { duplicate, type RequestHead } from './request_head.ts'
import type { SessionAdmission, SessionAdmissions, SessionFault } from './session_admissions.ts'
import { type SessionPlace, type SessionSeen, sessionCookie } from './session_cookie.ts'

/** What is known of a request so far; filled in on the way, for a refusal is recorded with what was known by then. */
export interface Visit {
  readonly head: RequestHead
  readonly caller: Caller
  admission?: Admission | undefined
  /** Where a session of a person would be good; absent: none is looked at (D1). */
  readonly place?: SessionPlace | undefined
  /** What became of his session; absent: it was not asked for. */
  session?: SessionSeen | undefined
}

/** What slows those down who guess. */
export interface Guard {
  /** A credential was wrong, or is one that must look like it. Returns the refusal, after a pause where somebody guesses. */
  refused(address: string, refusal: OctroiError): OctroiError | Promise<OctroiError>
}

export interface EntranceParts {
  /** In the order in which they are asked: JWT and Basic before keys, which may stand in the places of both. */
  readonly authenticators: readonly Authenticator[]
  readonly guard: Guard
  readonly sessions: Pick<SessionAdmissions, 'look'>
  /** Lower-case name of the header by which trusted proxies pass the client certificate or its subject. */
  readonly certificateHeader?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** One kind that was proved. */
export interface Proof {
  readonly kind: Principal['proof']
  readonly admission: Admission
}

/** The one way in: who calls, by which proof, and whether that proof is good now. */
export class Entrance {
  readonly #parts: EntranceParts
  /** Whom the list of a route asks, for as long as the route is kept. */
  readonly #asked = new WeakMap<RouteAccept, readonly Authenticator[]>()

  constructor(parts: EntranceParts) {
    this.#parts = parts
  }

  /**
   * One credential of a program, of any kind; a person's session is none here (D1). Two different ones are refused, whatever they are. No
   * promise for a key that is known.
   */
  admit(visit: Visit, version: number): Admission | Promise<Admission> {
    const presented = this.#presented(visit)
    refuseTwo(presented)
    return this.#first(visit, version, presented, this.#parts.authenticators)
  }

  /**
   * What a route accepts: for `any` the first that is presented, for `all` each of them; a session where nothing else came. Empty: nobody
   * in particular, and it may be. Throws, or rejects, with the refusal. No promise for a key or a session that is known.
   */
  admitBy(visit: Visit, version: number, accept: RouteAccept): readonly Proof[] | Promise<readonly Proof[]> {
    const presented = this.#presented(visit)
    if (accept.mode === 'all') return this.#each(visit, version, presented, accept.kinds)
    const relevant = relevantTo(accept.kinds, presented)
    if (isEmpty(relevant)) {
      if (visit.place === undefined || !accept.kinds.includes('session')) return nobody(accept)
      const found = this.#bySession(visit, version, visit.place)
      return found instanceof Promise ? found.then((later) => later ?? nobody(accept)) : (found ?? nobody(accept))
    }
    refuseTwo(relevant)
    const admitted = this.#first(visit, version, relevant, this.#askedFor(accept))
    return admitted instanceof Promise ? admitted.then(proved) : proved(admitted)
  }

  /** A cookie that is no good is none: the browser sends what it has. `undefined`: there is no session. */
  #bySession(
    visit: Visit,
    version: number,
    place: SessionPlace,
  ): readonly Proof[] | undefined | Promise<readonly Proof[] | undefined> {
    const cookie = sessionCookie(visit.head, place)
    if (typeof cookie === 'string') {
      visit.session = cookie
      return undefined
    }
    const seen = (looked: SessionAdmission | SessionFault) => {
      visit.session = typeof looked === 'string' ? looked : 'live'
      if (typeof looked === 'string') return undefined
      visit.admission = looked
      return proved(looked)
    }
    const looked = this.#parts.sessions.look(version, cookie.token, place.host)
    return looked instanceof Promise ? looked.then(seen) : seen(looked)
  }

  #askedFor(accept: RouteAccept): readonly Authenticator[] {
    let asked = this.#asked.get(accept)
    if (asked === undefined) {
      asked = this.#parts.authenticators.filter(({ kind }) => accept.kinds.includes(kind))
      this.#asked.set(accept, asked)
    }
    return asked
  }

  /** The first whose kind of credential it is decides: what another would say of it no longer matters. */
  #first(
    visit: Visit,
    version: number,
    presented: Presented,
    authenticators: readonly Authenticator[],
  ): Admission | Promise<Admission> {
    if (isEmpty(presented)) throw missingCredential()
    const asking = { presented, version, address: visit.caller.address }
    for (let i = 0; i < authenticators.length; i++) {
      const found = (authenticators[i] as Authenticator).find(asking)
      if (found === null) continue
      if (!(found instanceof Promise)) return this.#admitOrRefuse(visit, found)
      return found.then((later) => {
        if (later !== null) return this.#admitOrRefuse(visit, later)
        return this.#first(visit, version, presented, authenticators.slice(i + 1))
      })
    }
    return this.#admitOrRefuse(visit, undefined)
  }

  #admitOrRefuse(visit: Visit, found: Found): Admission | Promise<Admission> {
    try {
      return this.#judge(visit, found)
    } catch (error) {
      if (!isWrong(error)) throw error
      return this.#refuse(visit, error)
    }
  }

  /** Each is asked whatever became of the others: when several refuse, the most authoritative refusal is the answer. */
  async #each(
    visit: Visit,
    version: number,
    presented: Presented,
    kinds: readonly AcceptKind[],
  ): Promise<readonly Proof[]> {
    const asked = kinds.map((kind) => ({ kind, place: placeOf(kind, kinds, presented) }))
    const missing = asked.filter(({ place }) => isEmpty(place)).map(({ kind }) => kind)
    if (missing.length > 0) throw new MissingKinds(missing)
    for (const { place } of asked) refuseTwo(place)
    const proofs: Proof[] = []
    const refusals: unknown[] = []
    for (const { kind, place } of asked) {
      const proof = this.#prove(visit, version, kind as CredentialKind, place)
      await proof.then(
        (proved) => proofs.push(proved),
        (error) => refusals.push(error),
      )
    }
    if (refusals.length > 0) return this.#refuseAll(visit, refusals)
    return areApart(proofs) ? proofs : this.#refuse(visit, unknownCredential())
  }

  async #prove(visit: Visit, version: number, kind: CredentialKind, presented: Presented): Promise<Proof> {
    const authenticator = this.#parts.authenticators.find((one) => one.kind === kind)
    const found = await authenticator?.find({ presented, version, address: visit.caller.address })
    return { kind, admission: this.#judge(visit, found ?? undefined) }
  }

  async #refuseAll(visit: Visit, refusals: readonly unknown[]): Promise<never> {
    const refusal = mostAuthoritative(refusals)
    return isWrong(refusal) ? this.#refuse(visit, refusal) : Promise.reject(refusal)
  }

  #judge(visit: Visit, found: Found): Admission {
    // Known before it is judged: a refused key is in the trail under its id.
    visit.admission ??= found ?? undefined
    return requireUsable(found ?? undefined, visit.caller.address, this.#parts.now())
  }

  async #refuse(visit: Visit, refusal: OctroiError): Promise<never> {
    throw await this.#parts.guard.refused(visit.caller.address, refusal)
  }

  #presented({ head, caller }: Visit): Presented {
    const presented = presentedIn(head)
    const { certificateHeader } = this.#parts
    if (certificateHeader === undefined) return presented
    head.withheld = certificateHeader
    if (!caller.trusted) return presented
    const at = head.names.indexOf(certificateHeader)
    if (at === -1) return presented
    // The caller's own beside the proxy's: which of them another program would read is not to be known.
    if (head.names.includes(certificateHeader, at + 1)) throw duplicate(certificateHeader)
    return { ...presented, certificate: certificateIn(head.raw[2 * at + 1] as string) }
  }
}

function nobody({ kinds }: RouteAccept): readonly Proof[] {
  if (kinds.includes('anonymous')) return []
  throw missingCredential(kinds)
}

function proved(admission: Admission): readonly Proof[] {
  return [{ kind: admission.principal.proof, admission }]
}

/** Unknown, or to be answered as if it were. */
function isWrong(error: unknown): error is OctroiError {
  return error instanceof OctroiError && error.code === 'unauthenticated'
}

/** Our own trouble over a known caller without the right, over one who is not known: 503 over 429 over 403 over 401. */
function mostAuthoritative(refusals: readonly unknown[]): unknown {
  const rank = (error: unknown) => (error instanceof OctroiError ? error.status : 500)
  return refusals.reduce((most, next) => (rank(next) > rank(most) ? next : most))
}

/** One key in two places is one proof. */
function areApart(proofs: readonly Proof[]): boolean {
  const keys = proofs.flatMap(({ admission }) => (admission.key === null ? [] : [admission.key.id]))
  return new Set(keys).size === keys.length
}
