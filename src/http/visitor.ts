import type { FastifyReply, FastifyRequest } from 'fastify'
import { asOctroiError } from '../core/errors.ts'
import { newToken, requestId } from '../core/ids.ts'
import type { HotReads } from '../core/stores.ts'
import type { Callers } from '../inbound/caller.ts'
import { clearCookie, cookieIn, cookieName, setCookie } from '../inbound/cookies.ts'
import { readHead } from '../inbound/request_head.ts'
import type { SessionAdmission, SessionAdmissions } from '../inbound/session_admissions.ts'
import { chooseLanguage, type Language } from '../pages/language.ts'
import type { Page } from '../pages/page.ts'
import { type PeopleSurroundings, signInPage } from '../pages/sign_in.ts'
import { SignInStopped } from '../sign_in/desk/visit.ts'
import { type PeopleSecrets, TOKEN_SHAPE } from '../sign_in/secrets.ts'
import type { SignInStage } from '../sign_in/stage.ts'
import { sendProblem } from './api_routes.ts'
import { type Fields, fieldsOf, firstOf, split, withoutLanguage } from './page_visits.ts'

const LANGUAGE_COOKIE = 'octroi_language'

export interface VisitorParts {
  /** Without a slash at the end. */
  readonly publicUrl: string
  /** What people call this installation. */
  readonly installation: string | undefined
  readonly secrets: PeopleSecrets
  readonly callers: Callers
  readonly hot: Pick<HotReads, 'version'>
  readonly admissions: Pick<SessionAdmissions, 'find'>
  readonly log: { error(fields: object, message: string): void }
}

/** Somebody at a page of ours: who, in which browser, and what he sent. */
export interface Visitor {
  readonly requestId: string
  /** `performance.now()` at its beginning. */
  readonly began: number
  readonly method: string
  /** Below the public URL, without a slash at the end. */
  readonly path: string
  readonly query: Fields
  /** Of a POST; its token was checked. */
  readonly form: Fields
  /** The value of the browser's cookie: new at its first visit. */
  readonly browser: string
  /** The client's address. */
  readonly address: string
  readonly userAgent: string | undefined
  /** The session of this browser at our own pages, and whose it is. */
  readonly session: SessionAdmission | undefined
  readonly around: PeopleSurroundings
  /** The `Cookie` header. */
  readonly cookies: string | undefined
}

/** What a visit is answered with: a page, or where it goes. */
export interface Answered {
  readonly page?: Page | undefined
  /** 303 after a POST, 302 otherwise. */
  readonly redirect?: string | undefined
  /** `Set-Cookie` lines. */
  readonly cookies?: readonly string[] | undefined
}

type Known = Pick<Visitor, 'requestId' | 'began' | 'method' | 'path' | 'browser' | 'around' | 'cookies'> & {
  readonly isNew: boolean
}

/**
 * The way to every page for people: which browser it is, who is signed in there, in which language, and whether a form is one of ours. What
 * goes wrong before or in `work` is a page as well, never a stack and never JSON.
 */
export class Visitors {
  readonly #parts: VisitorParts
  readonly #isSecure: boolean
  readonly #origin: string
  readonly #host: string
  readonly #basePath: string

  constructor(parts: VisitorParts) {
    this.#parts = parts
    const { protocol, origin, host, pathname } = new URL(parts.publicUrl)
    this.#isSecure = protocol === 'https:'
    this.#origin = origin
    this.#host = host
    this.#basePath = pathname.replace(/\/$/, '')
  }

  async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (visitor: Visitor) => Promise<Answered>,
  ): Promise<void> {
    const known = this.#known(request)
    const own = this.#ownCookies(request, known)
    try {
      const { page, redirect, cookies = [] } = await work(await this.#visitor(request, known))
      send(reply, known, { page, redirect, cookies: [...own, ...cookies] })
    } catch (error) {
      send(reply, known, { page: signInPage(this.#fault(error, known), known.around), cookies: own })
    }
  }

  /** For what is no visit yet: a body that could not be read. */
  fail(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
    const known = this.#known(request)
    send(reply, known, { page: signInPage(this.#fault(error, known), known.around) })
  }

  cookie(token: string): string {
    return setCookie(cookieName('session', this.#isSecure), token, this.#isSecure)
  }

  noCookie(): string {
    return clearCookie(cookieName('session', this.#isSecure), this.#isSecure)
  }

  flowCookie(name: `flow_${string}`, value: string, maxAgeSeconds: number): string {
    return setCookie(cookieName(name, this.#isSecure), value, this.#isSecure, maxAgeSeconds)
  }

  noFlowCookie(name: `flow_${string}`): string {
    return clearCookie(cookieName(name, this.#isSecure), this.#isSecure)
  }

  /** Cookies of people on their way to a provider: last part of the name → value. Two of one name are none. */
  flowCookies(header: string | undefined): ReadonlyMap<string, string> {
    const prefix = cookieName('flow_', this.#isSecure)
    const names = (header?.split(';') ?? []).map((pair) => pair.split('=', 1)[0]?.trim() ?? '')
    const found = new Map<string, string>()
    for (const name of names.filter((one) => one.startsWith(prefix) && /^[\w-]{1,60}$/.test(one))) {
      const value = cookieIn(header, name, /^[A-Za-z0-9._-]{1,4096}$/)
      if (value !== undefined) found.set(`flow_${name.slice(prefix.length)}`, value)
    }
    return found
  }

  /** Of a page without a form, for whom no visit is known. */
  surroundings(language: Language, requestId: string): PeopleSurroundings {
    const { installation } = this.#parts
    const noForm = () => {
      throw new Error('A page without a visit has no form.')
    }
    return { language, installation, host: this.#host, basePath: this.#basePath, requestId, csrf: noForm }
  }

  /** What he chose before, else what his browser prefers. */
  language(wishes: { readonly cookie: string | undefined; readonly accepted: string | undefined }): Language {
    return chooseLanguage({ asked: chosenLanguage(wishes.cookie), accepted: wishes.accepted })
  }

  /** The page of a stage, in the surroundings of a visitor. */
  page(stage: SignInStage, { around }: Pick<Visitor, 'around'>): Page {
    return signInPage(stage, around)
  }

  #known(request: FastifyRequest): Known {
    const { cookie } = request.headers
    const { path, query } = split(request.url)
    const kept = cookieIn(cookie, cookieName('browser', this.#isSecure), TOKEN_SHAPE)
    const browser = kept ?? newToken()
    const id = requestId()
    const address = addressOf(request, path, query)
    const around: PeopleSurroundings = {
      ...this.surroundings(this.#language(request, query), id),
      csrf: (action) => this.#parts.secrets.hash('csrf', browser, action),
      ...(address === undefined ? {} : { address: `${this.#basePath}${address}` }),
    }
    const began = performance.now()
    const isNew = kept === undefined
    return { requestId: id, began, method: request.method, path, browser, isNew, around, cookies: cookie }
  }

  #language({ headers, body }: FastifyRequest, query: string) {
    const asked = firstOf(bodyOf(body), 'lang') ?? firstOf(query, 'lang')
    return chooseLanguage({ asked: asked ?? chosenLanguage(headers.cookie), accepted: headers['accept-language'] })
  }

  async #visitor(request: FastifyRequest, known: Known): Promise<Visitor> {
    const { address } = this.#parts.callers.identify(request.raw.socket, readHead(request.raw.rawHeaders))
    const query = fieldsOf(split(request.url).query)
    const form = request.method === 'POST' ? this.#form(request, known) : {}
    const session = await this.#session(known.cookies)
    return { ...known, address, userAgent: request.headers['user-agent'], query, form, session }
  }

  async #session(cookies: string | undefined): Promise<SessionAdmission | undefined> {
    const token = cookieIn(cookies, cookieName('session', this.#isSecure), TOKEN_SHAPE)
    if (token === undefined) return undefined
    return this.#parts.admissions.find(await this.#parts.hot.version(), token, null)
  }

  /**
   * Only a form of a page that this browser was shown, for the address that it is posted to (T38, T35). Whoever makes another browser post it
   * signs it in as himself, or out.
   */
  #form({ headers, body }: FastifyRequest, { path, browser, isNew }: Known): Fields {
    const form = fieldsOf(bodyOf(body))
    const site = headers['sec-fetch-site']
    const { origin } = headers
    const isForeign =
      (site !== undefined && site !== 'same-origin') ||
      (origin !== undefined && origin !== 'null' && origin !== this.#origin)
    if (isForeign) throw new SignInStopped('csrf')
    if (isNew) throw new SignInStopped('cookies')
    if (!this.#parts.secrets.matches(form.csrf, 'csrf', browser, path)) throw new SignInStopped('csrf')
    return form
  }

  /** Which browser this is, from its first page on; and the language that its person chose. */
  #ownCookies(request: FastifyRequest, { browser, isNew, around }: Known): string[] {
    const cookies = isNew ? [setCookie(cookieName('browser', this.#isSecure), browser, this.#isSecure)] : []
    const asked = firstOf(bodyOf(request.body), 'lang') ?? firstOf(split(request.url).query, 'lang')
    if (asked !== undefined) cookies.push(setCookie(LANGUAGE_COOKIE, around.language, this.#isSecure))
    return cookies
  }

  #fault(error: unknown, { requestId: request_id }: Known): SignInStage {
    const again = `${this.#basePath}/sign-in`
    if (error instanceof SignInStopped) return { kind: 'stopped', reason: error.reason, again }
    const known = asOctroiError(error)
    if (known.status < 500)
      return { kind: 'stopped', reason: known.code === 'payload_too_large' ? 'too_large' : 'unreadable', again }
    this.#parts.log.error({ request_id, err: known.cause ?? known }, 'a page failed')
    const status = known.status === 502 || known.status === 503 || known.status === 504 ? known.status : 500
    return { kind: 'failed', status, again }
  }
}

/** By an earlier link to the other language. */
export function chosenLanguage(cookies: string | undefined): string | undefined {
  return cookieIn(cookies, LANGUAGE_COOKIE, /^[a-z]{2}$/)
}

function bodyOf(body: unknown): string {
  return typeof body === 'string' ? body : ''
}

/** Where this page can be asked for again, in another language: not the answer to a form, and not the way back from a provider. */
function addressOf({ method, body }: FastifyRequest, path: string, query: string): string | undefined {
  if (path.endsWith('/callback')) return undefined
  if (method === 'GET' || method === 'HEAD') {
    const rest = withoutLanguage(query)
    return rest === '' ? path : `${path}?${rest}`
  }
  const flow = firstOf(bodyOf(body), 'flow')
  return flow !== undefined && path.startsWith('/sign-in/') ? `${path}?flow=${encodeURIComponent(flow)}` : undefined
}

function send(reply: FastifyReply, { requestId, method }: Known, { page, redirect, cookies = [] }: Answered): void {
  reply.header('Octroi-Request-Id', requestId)
  for (const cookie of cookies) reply.header('Set-Cookie', cookie)
  if (page !== undefined) sendProblem(reply, page)
  else
    reply
      .code(method === 'POST' ? 303 : 302)
      .header('Location', redirect)
      .header('Cache-Control', 'no-store')
      .header('Referrer-Policy', 'no-referrer')
      .send('')
}
