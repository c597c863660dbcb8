import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Expiring } from './expiring.ts'

export interface Session {
  /** What to store: names and addresses change, and an address changes hands. */
  readonly subject: string
  readonly name: string
  readonly email: string | undefined
  /** The session at Octroi, which a logout token names. */
  readonly sid: string
  /** To show at the logout whose session it is. */
  readonly idToken: string
}

/** A sign-in or a logout that is under way: good once, for ten minutes, in the browser in which it was begun. */
export interface Flow {
  readonly kind: 'sign-in' | 'logout'
  readonly browser: string
  readonly nonce: string
  readonly codeVerifier: string
}

const SESSION_S = 12 * 3600
const FLOW_S = 600

export const random = () => randomBytes(32).toString('base64url')
/** What is kept is no key to anything: a copy of the memory, or later of the database, signs nobody in. */
const hash = (token: string) => createHash('sha256').update(token).digest('base64url')

/** What is known of each browser: only random numbers are in its cookies, all else is here, so that it can be ended from outside. */
export class Browsers {
  readonly #sessions = new Expiring<Session>(SESSION_S, 10_000)
  readonly #flows = new Expiring<Flow>(FLOW_S, 10_000)
  readonly #names: { readonly session: string; readonly flow: string }
  readonly #attributes: string

  constructor(isHttps: boolean) {
    // `__Host-`: only this host sets it, only over TLS, for all its paths (RFC 6265bis §4.1.3.2).
    const prefix = isHttps ? '__Host-' : ''
    this.#names = { session: `${prefix}desk`, flow: `${prefix}desk-flow` }
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`
  }

  session(request: FastifyRequest): Session | undefined {
    const token = cookie(request, this.#names.session)
    return token === undefined ? undefined : this.#sessions.get(hash(token))
  }

  /** With a new number: what stood in the cookie before a sign-in may be somebody else's. */
  begin(request: FastifyRequest, reply: FastifyReply, session: Session): void {
    this.end(request)
    const token = random()
    this.#sessions.put(hash(token), session)
    reply.header('set-cookie', `${this.#names.session}=${token}; Max-Age=${SESSION_S}; ${this.#attributes}`)
  }

  end(request: FastifyRequest): Session | undefined {
    const token = cookie(request, this.#names.session)
    return token === undefined ? undefined : this.#sessions.take(hash(token))
  }

  /** The sessions of one session at Octroi; without one, all of a person. */
  endAtOctroi(sid: string | undefined, subject: string | undefined): void {
    this.#sessions.drop((session) => (sid === undefined ? session.subject === subject : session.sid === sid))
  }

  /** `state` and what belongs to it. Tabs of one browser share the cookie, and have a state each. */
  beginFlow(request: FastifyRequest, reply: FastifyReply, kind: Flow['kind']): { state: string; flow: Flow } {
    const state = random()
    const browser = cookie(request, this.#names.flow) ?? random()
    const flow = { kind, browser, nonce: random(), codeVerifier: random() }
    this.#flows.put(state, flow)
    reply.header('set-cookie', `${this.#names.flow}=${browser}; Max-Age=${FLOW_S}; ${this.#attributes}`)
    return { state, flow }
  }

  /** Nothing for a state that is unknown, used, too old, or of another browser: then it stays for the right one. */
  takeFlow(request: FastifyRequest, kind: Flow['kind'], state: string): Flow | undefined {
    const flow = this.#flows.get(state)
    if (flow?.kind !== kind || flow.browser !== cookie(request, this.#names.flow)) return undefined
    return this.#flows.take(state)
  }
}

function cookie(request: FastifyRequest, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(/; */)
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}
