import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { RecordedRequest } from './loopback.ts'

export interface Exchange {
  readonly recorded: RecordedRequest
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The numbers in the path: `/drip/3/10` → `[3, 10]`. */
  readonly numbers: readonly number[]
  readonly query: URLSearchParams
  /** Resets the connection (and does not count as the client's abort). */
  cut(): void
}

export interface Behaviour {
  readonly path: RegExp
  /** The request body is not waited for. */
  readonly early?: true
  act(exchange: Exchange): unknown
}

const BLOCK = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, i) => i % 251))

/** The first `length` bytes that `/bytes` and `/chunked` send: no run of zeros, so that a gap or a repeat shows. */
export function sampleBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += BLOCK.length) BLOCK.copy(bytes, at)
  return bytes
}

/** What was received, as JSON. */
export function echo({ recorded, response }: Exchange, status = 200): void {
  const { method, url, rawHeaders, bytes, body } = recorded
  const answer = JSON.stringify({ method, url, rawHeaders, bytes, body: body.toString('utf8') })
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(bodyless(status) ? undefined : answer)
}

function bodyless(status: number): boolean {
  return status === 204 || status === 304
}

const plain = (response: ServerResponse, body: string, status = 200, headers: Record<string, string | string[]> = {}) =>
  void response
    .writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body), ...headers })
    .end(body)

/** Every behaviour by its path; anything else is echoed. */
export const BEHAVIOURS: readonly Behaviour[] = [
  { path: /^\/status\/(\d+)$/, act: status },
  { path: /^\/slow\/(\d+)$/, act: slow },
  { path: /^\/never$/, act: () => undefined },
  { path: /^\/drip\/(\d+)\/(\d+)$/, act: drip },
  { path: /^\/bytes\/(\d+)$/, act: (exchange) => sample(exchange, true) },
  { path: /^\/chunked\/(\d+)$/, act: (exchange) => sample(exchange, false) },
  { path: /^\/reset$/, act: ({ cut }) => cut() },
  { path: /^\/reset-early$/, early: true, act: ({ cut }) => cut() },
  { path: /^\/reset-midway$/, act: resetMidway },
  { path: /^\/headers$/, act: ({ response }) => noisyHeaders(response) },
  { path: /^\/redirect$/, act: redirect },
  {
    path: /^\/early(?:\/(\d+))?$/,
    early: true,
    act: ({ response, numbers }) => plain(response, 'early', numbers[0] || 200),
  },
  { path: /^\/gzip$/, act: ({ response }) => gzip(response) },
  { path: /^\/204$/, act: ({ response }) => void response.writeHead(204).end() },
  { path: /^\/304$/, act: ({ response }) => void response.writeHead(304, { ETag: '"v1"' }).end() },
  { path: /^\/1xx$/, act: hints },
  { path: /^\/close-after$/, act: closeAfter },
]

/** `?header=Retry-After:3` (repeatable) adds a header. */
function status(exchange: Exchange): void {
  for (const header of exchange.query.getAll('header')) {
    const colon = header.indexOf(':')
    exchange.response.appendHeader(header.slice(0, colon), header.slice(colon + 1).trim())
  }
  echo(exchange, exchange.numbers[0])
}

async function slow(exchange: Exchange): Promise<void> {
  await wait(exchange.numbers[0])
  if (!exchange.response.destroyed) echo(exchange)
}

async function drip({ response, numbers: [count = 1, ms = 0] }: Exchange): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/plain' }).flushHeaders()
  for (let i = 1; i <= count && !response.destroyed; i++) {
    await wait(ms)
    response.write(`drop ${i}\n`)
  }
  if (!response.destroyed) response.end()
}

/** As fast as the reader takes it: a gate that buffers shows in its own memory, not here. */
async function sample({ response, numbers: [length = 0] }: Exchange, counted: boolean): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', ...(counted && { 'Content-Length': length }) })
  for (let left = length; left > 0 && !response.destroyed; left -= BLOCK.length) {
    if (!response.write(left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK)) await drained(response)
  }
  if (!response.destroyed) response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

async function resetMidway({ cut, response }: Exchange): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 1000 })
  await new Promise((resolve) => response.write('half of it', resolve))
  await wait(20) // So that the half is read before the reset throws it away.
  cut()
}

/** What a gate must drop (hop-by-hop, its own names, what speaks for the whole origin) beside what it must keep. */
function noisyHeaders(response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/plain',
    Connection: 'X-Internal',
    'X-Internal': 'named by Connection',
    'Keep-Alive': 'timeout=99',
    'Proxy-Authenticate': 'Basic realm="inner"',
    'Set-Cookie': ['session=upstream; Path=/', 'theme=dark'],
    'Octroi-Error': 'not_granted',
    'Octroi-Subject': 'mallory',
    'Clear-Site-Data': '"*"',
    'Alt-Svc': 'h3=":443"',
    'Service-Worker-Allowed': '/',
    'Strict-Transport-Security': 'max-age=31536000',
    Trailer: 'X-Checksum',
    'X-Kept': 'end-to-end',
  })
  response.write('noisy')
  response.addTrailers({ 'X-Checksum': '42' })
  response.end()
}

function redirect({ response, query }: Exchange): void {
  plain(response, '', Number(query.get('status') ?? 302), { Location: query.get('to') ?? '/' })
}

function gzip(response: ServerResponse): void {
  const body = gzipSync('{"packed":true}')
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Encoding': 'gzip',
    'Content-Length': body.length,
  })
  response.end(body)
}

function hints({ response }: Exchange): void {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
  plain(response, 'after the hints')
}

/** A keep-alive answer, and then the socket goes without a word: the next request on it meets a closed door. */
function closeAfter({ request, response }: Exchange): void {
  response.once('finish', () => setImmediate(() => request.socket.destroySoon()))
  plain(response, 'goodbye')
}
