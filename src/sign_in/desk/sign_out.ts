import { newToken } from '../../core/ids.ts'
import type { Session } from '../../core/people_types.ts'
import type { SignOutRequest } from '../applications/contract.ts'
import { SignInRefused } from '../method.ts'
import { TOKEN_SHAPE } from '../secrets.ts'
import { basePathOf, type DeskParts } from './desk_parts.ts'
import { briefly, record } from './sign_in_record.ts'
import type { Fields } from './steps/step.ts'
import { telling } from './telling.ts'
import type { Outcome, Visit } from './visit.ts'

/** Where somebody goes who has left. Checked when it is made; sealed from then on, and never read from the outside again (T15). */
interface Leaving {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly returnTo: string | null
  /** To an application he is sent; to a host he is offered the way, for it would only send him back to sign in. */
  readonly isApplication: boolean
  readonly name: string | null
}

const PLACE = 'leaving'
const HOUR_MS = 3_600_000
const ACTION = '/session/sign-out'

/** The way out: the session here with all that hangs on it, and the session at the provider that it came from. */
export class SignOut {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** `GET /session/sign-out`. Nobody is signed out by a link (T38), but by one that names his session, which his application alone was told. */
  ask(query: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const { leaving, session } = await this.#requested(query)
      return this.#asked(leaving, session, visit)
    })
  }

  /** The same for what an application asked elsewhere: `read` gets the session of this browser, and throws `SignInRefused`. */
  askFor(read: (session: Session | undefined) => Promise<SignOutRequest>, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const { name, returnTo, session } = await read(visit.session)
      return this.#asked({ at: this.#parts.now(), returnTo, isApplication: true, name }, session, visit)
    })
  }

  #asked(leaving: Leaving, session: string | null, visit: Visit): Outcome | Promise<Outcome> {
    if (visit.session === undefined) return this.#gone(leaving)
    if (session !== null && session === visit.session.id) return this.#leave(visit.session, leaving, visit)
    const flow = this.#parts.secrets.seal(leaving, PLACE)
    return { stage: { kind: 'sign_out', csrfFor: ACTION, flow, towards: leaving.name } }
  }

  /** `POST /session/sign-out` */
  leave(form: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const sealed = this.#parts.secrets.open<Leaving>(form.flow ?? '', PLACE)
      const isGood = sealed !== undefined && this.#parts.now() - sealed.at <= HOUR_MS
      // Whoever wants out gets out; where to is another matter.
      const leaving = isGood ? sealed : this.#nowhere()
      return visit.session === undefined ? this.#gone(leaving) : this.#leave(visit.session, leaving, visit)
    })
  }

  /** `GET /session/signed-out`: back from the provider. Only with the state that it was given there (B-39). */
  left({ state = '' }: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const id = this.#parts.secrets.hash('ticket', state)
      const at = new Date(this.#parts.now()).toISOString()
      const isThere = TOKEN_SHAPE.test(state) && (await this.#parts.tickets.peek(id, 'logout', at)) !== undefined
      const ticket = isThere ? await this.#parts.tickets.take(id, 'logout', at) : undefined
      const kept = ticket && this.#parts.secrets.open<Leaving & { browser: string }>(ticket.sealed, `ticket:${id}`)
      const isHis = kept?.browser === this.#parts.secrets.hash('browser', visit.browser)
      return this.#gone(kept !== undefined && isHis ? kept : this.#nowhere())
    })
  }

  async #requested(query: Fields): Promise<{ readonly leaving: Leaving; readonly session: string | null }> {
    const { applications, hosts, publicUrl, now } = this.#parts
    if (query.app !== undefined) {
      const { name, returnTo, session } = await applications.signingOut(query)
      return { leaving: { at: now(), returnTo, isApplication: true, name }, session }
    }
    if (query.return_to === undefined) return { leaving: this.#nowhere(), session: null }
    const asked = await hosts.towards(query.return_to, undefined).catch(unlessRefused)
    if (asked === undefined) return { leaving: this.#nowhere(), session: null }
    const { towards, name } = asked
    const returnTo = towards.kind === 'host' ? towards.returnTo : `${publicUrl}${towards.path}`
    return { leaving: { at: now(), returnTo, isApplication: false, name }, session: null }
  }

  async #leave(session: Session, leaving: Leaving, visit: Visit): Promise<Outcome> {
    const idToken = this.#parts.sessions.idTokenOf(session)
    await this.#parts.sessions.end(session.id, 'signed_out')
    const { account, method } = session
    await record(this.#parts, visit, { account, method, status: 200, code: null }, 'sign-out')
    const provider = await this.#provider(session, idToken, leaving, visit)
    if (provider === undefined) return { ...this.#gone(leaving), signedOut: true }
    return { stage: { kind: 'onward', target: provider }, signedOut: true }
  }

  /** Where the session at the provider ends. That it cannot be ended there keeps nobody from leaving here. */
  async #provider(
    session: Session,
    idToken: string | null,
    leaving: Leaving,
    visit: Visit,
  ): Promise<string | undefined> {
    const { methods, publicUrl, log } = this.#parts
    try {
      const open = (await methods.find(session.method))?.open
      if (open?.type !== 'redirect') return undefined
      const state = newToken()
      const target = await open.signOut({ idToken, state, returnTo: `${publicUrl}/session/signed-out` })
      if (target !== undefined) await this.#keep(state, leaving, visit)
      return target
    } catch (error) {
      const fields = { request_id: visit.requestId, sign_in_method: session.method, cause: briefly(error) }
      log.warn(fields, 'the session at the provider cannot be ended')
      return undefined
    }
  }

  async #keep(state: string, leaving: Leaving, visit: Visit): Promise<void> {
    const { secrets, tickets, now } = this.#parts
    const id = secrets.hash('ticket', state)
    await tickets.put({
      id,
      purpose: 'logout',
      account: null,
      session: null,
      sealed: secrets.seal({ ...leaving, browser: secrets.hash('browser', visit.browser) }, `ticket:${id}`),
      expires_at: new Date(now() + HOUR_MS).toISOString(),
      created_at: new Date(now()).toISOString(),
    })
  }

  #gone({ returnTo, isApplication }: Leaving): Outcome {
    if (returnTo !== null && isApplication) return { stage: { kind: 'onward', target: returnTo } }
    return { stage: { kind: 'signed_out', again: `${basePathOf(this.#parts)}/sign-in`, back: returnTo } }
  }

  #nowhere(): Leaving {
    return { at: this.#parts.now(), returnTo: null, isApplication: false, name: null }
  }
}

/** An address that is not ours, or no longer one, keeps nobody from leaving: it is forgotten. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof SignInRefused)) throw error
}
