import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A request as it came over the wire. `body` grows until `complete`: what a cut upload had sent stays readable. */
export interface RecordedRequest {
  readonly method: string
  /** The request target, untouched. */
  readonly url: string
  /** Name, value, name, value: order, case and duplicates as sent. */
  readonly rawHeaders: readonly string[]
  /** The first value of a header, whatever its case. */
  header(name: string): string | undefined
  body: Buffer
  bytes: number
  complete: boolean
}

/** Starts the record of a request; the body is added by whoever reads it. */
export function record(request: IncomingMessage): RecordedRequest {
  const { rawHeaders } = request
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    rawHeaders,
    header: (name) => headerOf(rawHeaders, name),
    body: Buffer.alloc(0),
    bytes: 0,
    complete: false,
  }
}

/** The first value of a header in a list of names and values. */
export function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === wanted) return rawHeaders[i + 1]
  }
  return undefined
}

/** Reads the body to its end, or to where the client cut it. */
export async function readBody(request: IncomingMessage, recorded: RecordedRequest, keep = true): Promise<void> {
  const chunks: Buffer[] = []
  const finish = () => {
    recorded.body = Buffer.concat(chunks)
    recorded.complete = request.complete
  }
  request.on('data', (chunk: Buffer) => {
    recorded.bytes += chunk.length
    if (keep) chunks.push(chunk)
  })
  await new Promise<void>((resolve) => {
    request.once('end', resolve)
    request.once('close', resolve)
  })
  finish()
}

/** A listener on 127.0.0.1 that can go down and come up again on the same port. */
export interface Loopback {
  readonly port: number
  /** Sockets that clients hold open now. */
  open(): number
  down(): Promise<void>
  up(): Promise<void>
}

export async function listen(server: Server, port = 0): Promise<Loopback> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await bind(server, port)
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    open: () => sockets.size,
    up: () => (server.listening ? Promise.resolve() : bind(server, bound)),
    async down() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function bind(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  await listening
}
