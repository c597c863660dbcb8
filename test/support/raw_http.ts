import { connect, type Socket } from 'node:net'
import { headerOf } from './loopback.ts'

export interface RawResponse {
  readonly status: number
  readonly statusText: string
  /** Name, value, name, value, as they came. */
  readonly rawHeaders: readonly string[]
  header(name: string): string | undefined
  /** Chunks joined; not decompressed. */
  readonly body: Buffer
  /** Every byte that was received, interim answers and framing included. */
  readonly all: Buffer
  /** The statuses of the 1xx answers that came before. */
  readonly interim: readonly number[]
}

export interface RawOptions {
  readonly host?: string
  readonly timeoutMs?: number
}

/** No whole answer came: the time was up, or the peer closed first. `received` is what there was. */
export class RawHttpError extends Error {
  readonly received: Buffer
  constructor(message: string, received: Buffer, cause?: unknown) {
    super(`${message} (${received.length} bytes received)`, { cause })
    this.received = received
  }
}

/**
 * A request from its lines, each ended by CRLF, and the blank line. What follows an empty string is the body:
 * `rawLines('POST / HTTP/1.1', 'Host: a', 'Content-Length: 2', '', 'ok')`. One character is one byte (Latin-1).
 */
export function rawLines(...lines: readonly string[]): Buffer {
  const blank = lines.indexOf('')
  const head = blank < 0 ? lines : lines.slice(0, blank)
  const body = blank < 0 ? '' : lines.slice(blank + 1).join('\r\n')
  return latin1(`${head.map((line) => `${line}\r\n`).join('')}\r\n${body}`)
}

/** Sends exactly these bytes and reads one answer; the socket is then destroyed. A string is Latin-1. */
export function rawRequest(port: number, bytes: Buffer | string, options: RawOptions = {}): Promise<RawResponse> {
  const sent = typeof bytes === 'string' ? latin1(bytes) : bytes
  const socket = connect(port, options.host ?? '127.0.0.1')
  socket.write(sent)
  return readResponse(socket, {
    head: /^HEAD /.test(sent.toString('latin1', 0, 5)),
    timeoutMs: options.timeoutMs ?? 5000,
  })
}

function latin1(text: string): Buffer {
  if (/[^\u0000-\u00ff]/.test(text))
    throw new TypeError('Give a Buffer: this string has characters of more than a byte')
  return Buffer.from(text, 'latin1')
}

function readResponse(socket: Socket, { head, timeoutMs }: { head: boolean; timeoutMs: number }): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    let all = Buffer.alloc(0)
    const settle = (message: string, ended: boolean, cause?: unknown) => {
      const response = tryParse(all, head, ended)
      if (!response && message === '') return
      clearTimeout(timer)
      socket.destroy()
      if (response instanceof Error) reject(new RawHttpError(response.message, all))
      else if (response) resolve(response)
      else reject(new RawHttpError(message, all, cause))
    }
    const timer = setTimeout(() => settle(`No whole answer within ${timeoutMs} ms`, false), timeoutMs)
    socket.on('data', (chunk: Buffer) => {
      all = Buffer.concat([all, chunk])
      settle('', false)
    })
    socket.on('end', () => settle('The peer closed before a whole answer', true))
    // A reset is not an end: a body that only a close delimits is not whole then.
    socket.on('error', (error) => settle(`The socket failed: ${error.message}`, false, error))
  })
}

function tryParse(all: Buffer, head: boolean, ended: boolean): RawResponse | Error | undefined {
  try {
    return parseResponse(all, head, ended)
  } catch (error) {
    return error as Error
  }
}

/** The answer in these bytes; undefined while it is not whole. */
function parseResponse(all: Buffer, head: boolean, ended: boolean): RawResponse | undefined {
  const interim: number[] = []
  let from = 0
  for (;;) {
    const end = all.indexOf('\r\n\r\n', from)
    if (end < 0) return undefined
    const { status, statusText, rawHeaders } = parseHead(all.toString('latin1', from, end))
    from = end + 4
    if (status >= 200 || status === 101) {
      const body = readBody(all.subarray(from), { head, ended, status, rawHeaders })
      return (
        body && { status, statusText, rawHeaders, header: (name) => headerOf(rawHeaders, name), body, all, interim }
      )
    }
    interim.push(status)
  }
}

function parseHead(text: string) {
  const [first = '', ...lines] = text.split('\r\n')
  const [, status, statusText = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first) ?? []
  if (status === undefined) throw new Error(`Not a status line: ${first}`)
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { status: Number(status), statusText, rawHeaders }
}

interface Framing {
  readonly head: boolean
  readonly ended: boolean
  readonly status: number
  readonly rawHeaders: readonly string[]
}

/** RFC 9112 §6.3: where a body ends. */
function readBody(bytes: Buffer, { head, ended, status, rawHeaders }: Framing): Buffer | undefined {
  if (head || status === 101 || status === 204 || status === 304) return Buffer.alloc(0)
  if (headerOf(rawHeaders, 'transfer-encoding')?.toLowerCase() === 'chunked') return dechunk(bytes)
  const length = headerOf(rawHeaders, 'content-length')
  if (length === undefined) return ended ? bytes : undefined
  return bytes.length >= Number(length) ? bytes.subarray(0, Number(length)) : undefined
}

function dechunk(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16)
    if (Number.isNaN(size)) throw new Error('Not a chunk size')
    if (size === 0) return hasTrailerEnd(bytes, end) ? Buffer.concat(chunks) : undefined
    if (bytes.length < end + 2 + size + 2) return undefined
    chunks.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

/** After the last chunk come trailers, if any, and a blank line. */
function hasTrailerEnd(bytes: Buffer, end: number): boolean {
  return bytes.indexOf('\r\n\r\n', end) >= 0
}
