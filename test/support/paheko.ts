import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { listen, type RecordedRequest, readBody, record } from './loopback.ts'
import { type Answer, html, Refusal, refused, send, text } from './paheko_answers.ts'
import { Books } from './paheko_books.ts'
import { Members } from './paheko_members.ts'
import { type Level, type Method, route } from './paheko_routes.ts'

export type { RecordedRequest } from './loopback.ts'
export type { Level } from './paheko_routes.ts'

export interface PahekoCredential {
  readonly username: string
  readonly password: string
  readonly level: Level
}

export interface PahekoOptions {
  readonly port?: number
  /** One of each level when not given: `PAHEKO_READER`, `PAHEKO_WRITER`, `PAHEKO_ADMIN`. */
  readonly credentials?: readonly PahekoCredential[]
  /** Before every answer. */
  readonly delayMs?: number
  /** How long a write holds the database; another one meanwhile finds it locked. */
  readonly writeMs?: number
  /** False: an association that has opened no accounting year. */
  readonly openYear?: boolean
}

export interface Paheko {
  readonly url: string
  readonly port: number
  readonly requests: RecordedRequest[]
  /** How many transactions the books hold: what was delivered, once or twice. */
  transactionCount(): number
  setCredentials(credentials: readonly PahekoCredential[]): void
  addCredential(credential: PahekoCredential): void
  /** Refuses connections and cuts the open ones, until `up`. Nothing is forgotten. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export const PAHEKO_READER: PahekoCredential = { username: 'reader', password: 'reads-the-books', level: 1 }
export const PAHEKO_WRITER: PahekoCredential = { username: 'recyclique', password: 'posts:the closings', level: 2 }
export const PAHEKO_ADMIN: PahekoCredential = { username: 'admin', password: 'does-it-all', level: 9 }

interface State {
  credentials: PahekoCredential[]
  readonly books: Books
  readonly members: Members
  readonly writeMs: number
  locked: boolean
}

/** A stand-in for Paheko's API, written from what a real 1.3.22.1 was seen to answer (`test/data/paheko`). */
export async function startPaheko(options: PahekoOptions = {}): Promise<Paheko> {
  const requests: RecordedRequest[] = []
  const state: State = {
    credentials: [...(options.credentials ?? [PAHEKO_READER, PAHEKO_WRITER, PAHEKO_ADMIN])],
    books: new Books(options.openYear ?? true),
    members: new Members(),
    writeMs: options.writeMs ?? 5,
    locked: false,
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const recorded = record(request)
    requests.push(recorded)
    await readBody(request, recorded)
    if (!recorded.complete) return
    if (options.delayMs) await wait(options.delayMs)
    send(response, await answer(state, recorded))
  }
  const loopback = await listen(createServer(serve), options.port)
  return {
    url: `http://127.0.0.1:${loopback.port}`,
    port: loopback.port,
    requests,
    transactionCount: () => state.books.transactions.length,
    setCredentials(credentials) {
      state.credentials = [...credentials]
    },
    addCredential: (credential) => void state.credentials.push(credential),
    down: loopback.down,
    up: loopback.up,
    stop: loopback.down,
  }
}

async function answer(state: State, request: RecordedRequest): Promise<Answer> {
  try {
    return webAnswer(request) ?? (await apiAnswer(state, request))
  } catch (error) {
    if (error instanceof Refusal) return refused(error)
    return text(500, String(error))
  }
}

/** What is settled before the API sees the request, whoever sends it. */
function webAnswer(request: RecordedRequest): Answer | undefined {
  const { path, query } = target(request)
  if (path.includes('//')) return redirect(request, path.replace(/\/{2,}/g, '/') + (query && `?${query}`))
  if (decode(path).includes('..')) return html(400, page('Bad request'))
  if (!/^\/api(\/|$)/.test(decode(path))) return html(404, page('Not found'))
  return undefined
}

function redirect(request: RecordedRequest, to: string): Answer {
  return html(302, '', { Location: `http://${request.header('host') ?? 'localhost'}${to}` })
}

/** Method, credentials, route, then per route: method, existence, level, body. */
async function apiAnswer(state: State, request: RecordedRequest): Promise<Answer> {
  if (!isMethod(request.method)) throw new Refusal(405, `Invalid request method: ${request.method}`)
  const level = authenticate(state.credentials, request.header('authorization'))
  const { path, query } = target(request)
  const { operation, args } = route(
    decode(path)
      .replace(/^\/api\/?/, '')
      .replace(/\/$/, ''),
    request.method,
  )
  const contentType = request.header('content-type') ?? ''
  const call = { books: state.books, members: state.members, args, query, contentType, body: request.body }
  operation.exists?.(call)
  if (level < operation.level) throw new Refusal(403, 'You do not have enough rights to make this request')
  const outcome = await operation.run(call)
  return typeof outcome === 'function' ? write(state, outcome) : outcome
}

/** One writer at a time: who comes meanwhile writes nothing. */
async function write(state: State, commit: () => Answer): Promise<Answer> {
  if (state.locked) return text(500, 'database is locked')
  state.locked = true
  try {
    await wait(state.writeMs)
    return commit()
  } finally {
    state.locked = false
  }
}

/** The scheme is not looked at: base64 is read from the seventh character on, as the real one does. */
function authenticate(credentials: readonly PahekoCredential[], header = ''): Level {
  const decoded = Buffer.from(header.slice(6), 'base64').toString('utf8')
  const [, username, password] = /^([^:]+):(.+)$/s.exec(decoded) ?? []
  if (username === undefined) throw new Refusal(401, 'No username or password supplied')
  const found = credentials.find((known) => known.username === username && known.password === password)
  if (!found) throw new Refusal(403, 'Invalid username or password')
  return found.level
}

function isMethod(method: string): method is Method {
  return ['GET', 'POST', 'PUT', 'DELETE'].includes(method)
}

function target(request: RecordedRequest): { path: string; query: string } {
  const [path = '', ...rest] = request.url.split('?')
  return { path, query: rest.join('?') }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function page(title: string): string {
  return `<!DOCTYPE html>\n<title>${title}</title>\n<h1>${title}</h1>\n`
}
