import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import { readHead } from '../inbound/request_head.ts'
import { newToken } from '../outbound/onboarding/draft.ts'
import type { Submission } from '../outbound/onboarding/form.ts'
import type { Stage } from '../outbound/onboarding/stage.ts'
import { connectFailed } from '../pages/connect.ts'
import { chooseLanguage } from '../pages/language.ts'
import type { Page } from '../pages/page.ts'
import { type ApiDoor, sendProblem } from './api_routes.ts'
import { type Around, pageOf } from './connect_views.ts'

interface ConnectDoor extends ApiDoor {
  readonly basePath: string
}

const FORM_BYTES = 256 * 1024
const LANGUAGE_COOKIE = 'octroi_language'
/** Longer than a session lives. */
const COOKIE_SECONDS = 3600

type Fields = Readonly<Record<string, string>>

/**
 * `/connect/...`: the pages on which a person connects an account. They need no script, and take no key: the link is the capability,
 * and from its first answer on it is one browser's.
 */
export async function serveConnect(fastify: FastifyInstance, door: ConnectDoor): Promise<void> {
  await fastify.register(async (pages) => {
    pages.removeAllContentTypeParsers()
    pages.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_BYTES },
      (_, body, done) => done(null, fieldsOf(body as string)),
    )
    pages.get<{ Params: { link: string } }>('/connect/:link', (request, reply) =>
      answer(door, request, reply, ({ query }) => door.parts.desk.show(request.params.link, query.scheme)),
    )
    pages.post<{ Params: { link: string } }>('/connect/:link', (request, reply) =>
      answer(door, request, reply, (visit) => post(door, request.params.link, visit)),
    )
    pages.get('/connect/callback/*', (request, reply) =>
      answer(door, request, reply, ({ query, cookie }) => door.parts.desk.callback(pathOf(request.url), query, cookie)),
    )
  })
}

interface Visit {
  readonly query: Fields
  readonly form: Fields
  /** Of the browser; absent at its first visit. */
  readonly cookie: string | undefined
  readonly sentBy: string | undefined
  readonly language: string | undefined
}

async function answer(
  door: ConnectDoor,
  request: FastifyRequest,
  reply: FastifyReply,
  step: (visit: Visit) => Promise<Stage>,
): Promise<void> {
  const id = requestId()
  const visit = visitOf(door, request)
  const browser = visit.cookie ?? newToken()
  const around = aroundOf(door, request, visit, browser)
  try {
    door.callers.identify(request.raw.socket, readHead(request.raw.rawHeaders))
    const stage = await step(visit)
    await recordDone(door, id, request, stage)
    reply.header('Set-Cookie', [
      cookieOf(door, browser),
      `${LANGUAGE_COOKIE}=${around.language}; Path=/; HttpOnly; SameSite=Lax`,
    ])
    send(reply, pageOf(stage, around))
  } catch (error) {
    const known = asOctroiError(error)
    if (known.status < 500) return sendProblem(reply, door.problem(known, id))
    door.log.error({ request_id: id, err: known.cause ?? known }, 'a connect page failed')
    const status = known.status === 502 || known.status === 503 || known.status === 504 ? known.status : 500
    send(reply, connectFailed({ ...around, status, requestId: id }))
  }
}

async function post(door: ConnectDoor, link: string, { form, cookie, sentBy }: Visit): Promise<Stage> {
  const isOurs = sentBy === undefined || sentBy === 'same-origin'
  // Whoever makes another browser post this form connects his own account there, or has somebody else's connected.
  if (!isOurs || cookie === undefined || !isSame(form.csrf, door.parts.drafts.hash('csrf', cookie, link)))
    throw new OctroiError(
      'csrf_rejected',
      'This form does not come from the page that was shown to this browser, or the browser keeps no cookies. Open the link again.',
    )
  if (form.account !== undefined) return door.parts.desk.choose(link, cookie, form.account)
  return door.parts.desk.submit(link, cookie, submissionOf(form))
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

function visitOf(door: ConnectDoor, request: FastifyRequest): Visit {
  const [, query = ''] = request.url.split(/\?(.*)/s)
  return {
    query: fieldsOf(query),
    form: (request.body as Fields | undefined) ?? {},
    cookie: cookieIn(request.headers.cookie, cookieName(door)),
    sentBy: request.headers['sec-fetch-site'] as string | undefined,
    // What was chosen before the way led over the service's own pages.
    language: cookieIn(request.headers.cookie, LANGUAGE_COOKIE, /^[a-z]{2}$/),
  }
}

function aroundOf(
  door: ConnectDoor,
  request: FastifyRequest,
  { query, form, language }: Visit,
  browser: string,
): Around {
  return {
    language: chooseLanguage({
      asked: form.lang ?? query.lang ?? language,
      accepted: request.headers['accept-language'],
    }),
    host: new URL(door.parts.about.public_url).host,
    basePath: door.basePath,
    csrf: (link) => door.parts.drafts.hash('csrf', browser, link),
  }
}

/** Each name once: of two values, which one counts would be an accident. */
function fieldsOf(text: string): Fields {
  const fields: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(fields, name))
      throw new OctroiError('invalid_request', `The field ${name.slice(0, 100)} was sent twice.`)
    fields[name] = value
  }
  return fields
}

/** A connection that a page has made is in the trail like one that the API has made. */
async function recordDone({ parts }: ConnectDoor, id: string, request: FastifyRequest, stage: Stage): Promise<void> {
  if (stage.kind !== 'done') return
  parts.trail.record({
    at: new Date().toISOString(),
    request: id,
    action: 'connect-sessions.finish',
    phase: 'finished',
    account: null,
    key: null,
    connection: stage.connectionId,
    method: request.method,
    path: '/connect',
    status: 200,
    code: null,
    bytes_in: 0,
    bytes_out: 0,
    ms: 0,
    correlation: null,
    address: request.raw.socket.remoteAddress ?? null,
    target: `connection:${stage.connectionId}`,
  })
  await parts.trail.flushed()
}

function send(reply: FastifyReply, page: Page): void {
  reply.status(page.status)
  for (let i = 0; i < page.headers.length; i += 2) reply.header(page.headers[i] as string, page.headers[i + 1])
  reply.send(page.body)
}

/** A name that only our own host can have set, where the transport allows it (RFC 6265bis §4.1.3.2). */
function cookieName(door: ConnectDoor): string {
  return isSecure(door) ? '__Host-octroi_connect' : 'octroi_connect'
}

/** `Lax`: the service sends the browser back from its own site. */
function cookieOf(door: ConnectDoor, value: string): string {
  const secure = isSecure(door) ? '; Secure' : ''
  return `${cookieName(door)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_SECONDS}${secure}`
}

function isSecure({ parts }: ConnectDoor): boolean {
  return parts.about.public_url.startsWith('https:')
}

function cookieIn(header: string | undefined, name: string, shape = /^[\w-]{43}$/): string | undefined {
  const found = header?.split(';').flatMap((pair) => {
    const [key = '', value = ''] = pair.split(/=(.*)/s)
    return key.trim() === name ? [value.trim()] : []
  })
  // Two of one name: somebody has planted one.
  return found?.length === 1 && shape.test(found[0] as string) ? found[0] : undefined
}

function isSame(a: string | undefined, b: string): boolean {
  if (a === undefined || a.length !== b.length) return false
  return timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] as string
}
