import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { TLSSocket } from 'node:tls'
import { listen, type RecordedRequest, readBody, record } from './loopback.ts'
import { BEHAVIOURS, type Behaviour, type Exchange, echo } from './upstream_paths.ts'
import { type TestCertificate, testCertificate } from './upstream_tls.ts'

export type { RecordedRequest } from './loopback.ts'
export type { Exchange } from './upstream_paths.ts'
export { sampleBytes } from './upstream_paths.ts'

export interface UpstreamOptions {
  readonly port?: number
  /** A certificate for localhost and 127.0.0.1 by an authority of its own (`ca`, `caFile`). */
  readonly tls?: boolean
  /** False: bodies are counted, not kept (for large uploads). */
  readonly keepBodies?: boolean
}

export interface UpstreamStats {
  /** Open now. */
  readonly sockets: number
  /** Received and not yet answered to the end. */
  readonly inFlight: number
  /** Given up by the client before the answer was whole. */
  readonly aborted: number
  readonly total: number
}

export interface Upstream {
  readonly url: string
  readonly port: number
  readonly ca: string | undefined
  readonly caFile: string | undefined
  readonly requests: RecordedRequest[]
  stats(): UpstreamStats
  /** Answers this path (without query) from now on; the body has been read. */
  on(path: string, handler: (exchange: Exchange) => unknown): void
  /** Refuses connections and cuts the open ones, until `up` on the same port. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

/** A server that does what the path says (`upstream_paths.ts`) and remembers what it was sent. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const requests: RecordedRequest[] = []
  const handlers = new Map<string, Behaviour>()
  const counts = { inFlight: 0, aborted: 0 }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const recorded = record(request)
    requests.push(recorded)
    const cut = watch(request, response, counts)
    const { behaviour, exchange } = choose(handlers, { recorded, request, response, cut })
    // An early behaviour leaves the body where it is: whoever sends it feels that nobody reads.
    if (!behaviour.early) await readBody(request, recorded, options.keepBodies)
    await perform(behaviour, exchange)
  }
  const certificate = options.tls ? testCertificate() : undefined
  const loopback = await listen(makeServer(certificate, serve), options.port)
  return {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${loopback.port}`,
    port: loopback.port,
    ca: certificate?.ca,
    caFile: certificate?.caFile,
    requests,
    stats: () => ({ ...counts, sockets: loopback.open(), total: requests.length }),
    on: (path, act) => void handlers.set(path, { path: /^/, act }),
    down: loopback.down,
    up: loopback.up,
    stop: loopback.down,
  }
}

type Serve = (request: IncomingMessage, response: ServerResponse) => unknown

function makeServer(certificate: TestCertificate | undefined, serve: Serve) {
  const server = certificate
    ? createTlsServer({ key: certificate.key, cert: certificate.cert }, serve)
    : createServer(serve)
  // Idle sockets stay open: when one closes, a test made it close.
  server.keepAliveTimeout = 0
  return server
}

const ECHO: Behaviour = { path: /^/, act: (exchange) => echo(exchange) }

function choose(
  handlers: ReadonlyMap<string, Behaviour>,
  arrival: Omit<Exchange, 'numbers' | 'query'>,
): { behaviour: Behaviour; exchange: Exchange } {
  const [path = '', query = ''] = arrival.recorded.url.split('?', 2)
  const behaviour = handlers.get(path) ?? BEHAVIOURS.find((known) => known.path.test(path)) ?? ECHO
  const numbers = (behaviour.path.exec(path) ?? []).slice(1).map(Number)
  return { behaviour, exchange: { ...arrival, numbers, query: new URLSearchParams(query) } }
}

async function perform(behaviour: Behaviour, exchange: Exchange): Promise<void> {
  if (exchange.response.destroyed) return
  try {
    await behaviour.act(exchange)
  } catch (error) {
    if (!exchange.response.headersSent) exchange.response.writeHead(500).end(`upstream script failed: ${error}`)
    else exchange.response.destroy()
  }
}

/** Counts the exchange in and out. Returns how to cut it, so that our own cut is not taken for the client's. */
function watch(request: IncomingMessage, response: ServerResponse, counts: { inFlight: number; aborted: number }) {
  const { socket } = request
  let cutByUs = false
  counts.inFlight++
  response.once('close', () => {
    counts.inFlight--
    if (!response.writableFinished && !cutByUs) counts.aborted++
  })
  return () => {
    cutByUs = true
    if (socket instanceof TLSSocket) socket.destroy()
    else socket.resetAndDestroy()
  }
}
