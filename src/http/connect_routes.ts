import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { newToken, requestId } from '../core/ids.ts'
import { readHead } from '../inbound/request_head.ts'
import type { Submission } from '../outbound/onboarding/form.ts'
import type { Stage } from '../outbound/onboarding/stage.ts'
import { connectFailed, connectStopped } from '../pages/connect.ts'
import { chooseLanguage } from '../pages/language.ts'
import type { Page } from '../pages/page.ts'
import { type ApiDoor, sendProblem } from './api_routes.ts'
import { ConnectCookies } from './connect_cookies.ts'
import { type Around, pageOf } from './connect_views.ts'
import { formFields } from './form_fields.ts'

interface ConnectDoor extends ApiDoor {
  readonly basePath: string
}

/** Several PEM keys and certificates. */
const FORM_BYTES = 256 * 1024

type Fields = Readonly<Record<string, string>>

/**
 * `/connect/...`: the pages on which a person connects an account. They need no script, and take no key: the link is the capability,
 * and from its first answer on it is one browser's.
 */
export async function serveConnect(fastify: FastifyInstance, door: ConnectDoor): Promise<void> {
  const cookies = new ConnectCookies(door.parts.about.public_url)
  const { desk } = door.parts
  await fastify.register(async (pages) => {
    pages.removeAllContentTypeParsers()
    pages.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_BYTES },
      (_, body, done) => done(null, body),
    )
    const answers = (step: (visit: Visit, link: string) => Promise<Stage>) => (request: Request, reply: FastifyReply) =>
      answer({ door, cookies }, request, reply, (visit) => step(visit, request.params.link ?? ''))
    // A form that is too large, or is none.
    pages.setErrorHandler((error, request, reply) =>
      answer({ door, cookies }, request as Request, reply, () => Promise.reject(unread(error))),
    )
    pages.get(
      '/connect/:link',
      answers(({ query }, link) => desk.show(link, query.scheme)),
    )
    pages.post(
      '/connect/:link',
      answers((visit, link) => post(door, link, visit)),
    )
    pages.get(
      '/connect/callback/*',
      answers(({ path, query, cookie }) => desk.callback(path, query, cookie)),
    )
  })
}

type Request = FastifyRequest<{ Params: { readonly link?: string } }>

interface Counter {
  readonly door: ConnectDoor
  readonly cookies: ConnectCookies
}

interface Visit {
  readonly path: string
  readonly query: Fields
  readonly form: Fields
  /** Of the browser; absent at its first visit. */
  readonly cookie: string | undefined
  readonly sentBy: string | undefined
}

async function answer(
  { door, cookies }: Counter,
  request: Request,
  reply: FastifyReply,
  step: (visit: Visit) => Promise<Stage>,
): Promise<void> {
  const id = requestId()
  const cookie = cookies.browser(request.headers.cookie)
  const browser = cookie ?? newToken()
  const around = aroundOf(door, request, cookies, browser)
  try {
    const { address } = door.callers.identify(request.raw.socket, readHead(request.raw.rawHeaders))
    const stage = await step(visitOf(request, cookie))
    await recordDone(door, { id, method: request.method, address }, stage)
    reply.header('Set-Cookie', cookies.set(browser, around.language))
    sendProblem(reply, pageOf(stage, around))
  } catch (error) {
    sendProblem(reply, faultPage(door, request, { ...around, id, cookie }, asOctroiError(error)))
  }
}

/** What is wrong with the request is told as such; all else is our own trouble, and the log has its cause. */
function faultPage(
  door: ConnectDoor,
  { url, params }: Request,
  around: Around & { readonly id: string; readonly cookie: string | undefined },
  error: OctroiError,
): Page {
  const retry = params.link === undefined ? undefined : `${door.basePath}/connect/${params.link}`
  if (error.status < 500) {
    const ofForm = around.cookie === undefined ? 'cookies' : 'stale'
    const reason = error.code === 'csrf_rejected' ? ofForm : 'wrong'
    return connectStopped({ ...around, reason, status: error.status, retry, detail: error.detail })
  }
  door.log.error({ request_id: around.id, err: error.cause ?? error }, 'a connect page failed')
  const status = error.status === 502 || error.status === 503 || error.status === 504 ? error.status : 500
  return connectFailed({
    ...around,
    status,
    requestId: around.id,
    retry: url.includes('/callback/') ? undefined : retry,
  })
}

async function post(door: ConnectDoor, link: string, { form, cookie, sentBy }: Visit): Promise<Stage> {
  const { desk, drafts } = door.parts
  const isOurs = sentBy === undefined || sentBy === 'same-origin'
  // Whoever makes another browser post this form connects his own account there, or has somebody else's connected.
  if (!isOurs || cookie === undefined || !isSame(form.csrf, drafts.hash('csrf', cookie, link)))
    throw new OctroiError('csrf_rejected', 'This form does not come from the page that was shown to this browser.')
  if (form.account !== undefined) return desk.choose(link, cookie, form.account)
  return desk.submit(link, cookie, submissionOf(form))
}

function submissionOf(form: Fields): Submission {
  const under = (prefix: string) =>
    Object.fromEntries(
      Object.entries(form).flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
      ),
    )
  return { scheme: form.scheme, settings: under('settings.'), secrets: under('secrets.') }
}

function visitOf(request: Request, cookie: string | undefined): Visit {
  const [path = '', query = ''] = request.url.split(/\?(.*)/s)
  return {
    path,
    query: formFields(new URLSearchParams(query)),
    form: formFields(new URLSearchParams((request.body as string | undefined) ?? '')),
    cookie,
    sentBy: request.headers['sec-fetch-site'] as string | undefined,
  }
}

/** Before anything is judged: faults are told in the language of the person, too. */
function aroundOf(
  door: ConnectDoor,
  { url, body, headers }: Request,
  cookies: ConnectCookies,
  browser: string,
): Around {
  const typed = typeof body === 'string' ? new URLSearchParams(body).get('lang') : null
  const linked = new URLSearchParams(url.split(/\?(.*)/s)[1] ?? '').get('lang')
  return {
    language: chooseLanguage({
      asked: typed ?? linked ?? cookies.language(headers.cookie),
      accepted: headers['accept-language'],
    }),
    host: new URL(door.parts.about.public_url).host,
    basePath: door.basePath,
    csrf: (link) => door.parts.drafts.hash('csrf', browser, link),
  }
}

function unread(error: unknown): OctroiError {
  const { code, statusCode = 500 } = error as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new OctroiError('payload_too_large', `The form is larger than ${FORM_BYTES} bytes.`)
  if (statusCode < 500) return new OctroiError('invalid_request', 'This is not a form of a connect page.')
  return asOctroiError(error)
}

interface Asked {
  readonly id: string
  readonly method: string
  readonly address: string
}

/** A connection that a page has made is in the trail like one that the API has made, with the key that made its link. */
async function recordDone({ parts }: ConnectDoor, { id, method, address }: Asked, stage: Stage): Promise<void> {
  if (stage.kind !== 'done') return
  parts.trail.record({
    at: parts.now().toISOString(),
    request: id,
    action: 'connect-sessions.finish',
    phase: 'finished',
    account: null,
    key: stage.keyId,
    connection: stage.connectionId,
    method,
    path: '/connect',
    status: 200,
    code: null,
    bytes_in: 0,
    bytes_out: 0,
    ms: 0,
    correlation: null,
    address,
    target: `connection:${stage.connectionId}`,
  })
  await parts.trail.flushed()
}

function isSame(a: string | undefined, b: string): boolean {
  const [given, expected] = [Buffer.from(a ?? ''), Buffer.from(b)]
  return given.length === expected.length && timingSafeEqual(given, expected)
}
