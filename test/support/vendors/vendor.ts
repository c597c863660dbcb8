import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, type RecordedRequest, readBody, record } from '../loopback.ts'
import { type TokenDoor, type TokenSwitches, tokenDoor } from './door.ts'

export type { RecordedRequest } from '../loopback.ts'

export interface VendorOptions {
  readonly port?: number
  /** Epoch milliseconds; the stand-in reads no other clock. */
  readonly now?: () => number
}

/** What every stand-in has. */
export interface Vendor extends TokenSwitches {
  readonly url: string
  readonly port: number
  readonly requests: RecordedRequest[]
  /** Refuses connections and cuts the open ones, until `up` on the same port. Nothing is forgotten. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown
}

/** A reply that ends the processing of a call from anywhere. */
export class Refused extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super(`refused with ${reply.status}`)
    this.reply = reply
  }
}

/** A request as the routes read it. */
export interface Call {
  readonly method: string
  /** As sent, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** The groups of the route's pattern. */
  readonly args: readonly string[]
  readonly body: string
  /** Other token requests that were open when this one arrived. */
  readonly concurrent: readonly Call[]
  /** Name, value, name, value, as sent. */
  readonly rawHeaders: readonly string[]
  header(name: string): string | undefined
}

export interface Route {
  /** `*` for any. */
  readonly method: string
  /** Of the path as it was sent, percent signs included. */
  readonly path: RegExp
  /** Counted, slowed and made to fail as a token request. */
  readonly token?: true
  answer(call: Call): Reply | Promise<Reply>
}

export interface VendorPlan {
  readonly port?: number | undefined
  routes(url: string): readonly Route[]
  /** What a path or method gets that no route knows. */
  unknown(call: Call): Reply
  /** What a token request gets that was made to fail with a status. */
  outage(status: number): Reply
}

type House = { plan: VendorPlan; door: TokenDoor<Call>; routes: readonly Route[] }

/** A server on loopback that answers by a table of routes and remembers what it was sent. */
export async function openVendor(plan: VendorPlan): Promise<Vendor> {
  const requests: RecordedRequest[] = []
  const house: House = { plan, door: tokenDoor<Call>(), routes: [] }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const recorded = record(request)
    requests.push(recorded)
    await readBody(request, recorded)
    if (recorded.complete) send(response, await answer(house, recorded))
  }
  const { port, down, up } = await listen(createServer(serve), plan.port)
  const url = `http://127.0.0.1:${port}`
  house.routes = plan.routes(url)
  return { url, port, requests, ...house.door.switches, down, up, stop: down }
}

async function answer(house: House, recorded: RecordedRequest): Promise<Reply | 'cut'> {
  const [path = '', query = ''] = recorded.url.split(/\?(.*)/s, 2)
  const route = house.routes.find(
    (known) => known.path.test(path) && (known.method === recorded.method || known.method === '*'),
  )
  const call: Call = {
    method: recorded.method,
    path,
    query: new URLSearchParams(query),
    args: (route?.path.exec(path) ?? []).slice(1),
    body: recorded.body.toString('utf8'),
    concurrent: [...house.door.open],
    rawHeaders: recorded.rawHeaders,
    header: recorded.header,
  }
  if (!route?.token) return perform(house.plan, route, call)
  const passed = await house.door.pass(call, () => perform(house.plan, route, call))
  if (passed === 'cut') return 'cut'
  return 'answer' in passed ? passed.answer : house.plan.outage(passed.outage)
}

async function perform(plan: VendorPlan, route: Route | undefined, call: Call): Promise<Reply> {
  try {
    return route ? await route.answer(call) : plan.unknown(call)
  } catch (error) {
    if (error instanceof Refused) return error.reply
    return { status: 500, body: `stand-in failed: ${error instanceof Error ? error.stack : error}` }
  }
}

function send(response: ServerResponse, reply: Reply | 'cut'): void {
  if (response.destroyed) return
  if (reply === 'cut') return void response.socket?.destroy()
  const { status, headers, body } = reply
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const type = typeof body === 'string' ? 'text/plain' : 'application/json'
  response.writeHead(status, { ...(body !== undefined && { 'Content-Type': type }), ...headers }).end(text)
}
