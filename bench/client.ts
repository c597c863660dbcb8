import { Agent, type IncomingMessage, request } from 'node:http'
import { PlainBrowser } from '../test/sign_in/browser.ts'
import type { Headers } from './answer.ts'

/** What came back, and how long its first byte took. */
export interface Timed {
  readonly status: number
  readonly bytes: number
  readonly location: string | undefined
  readonly text: string
  /** Milliseconds from the end of the request to the head of the answer. */
  readonly ms: number
}

/** A form as a browser has it that was shown its page: enough to post it as often as one likes. */
export interface SeenForm {
  readonly path: string
  readonly cookie: string
  readonly hidden: Readonly<Record<string, string>>
}

/** Asks for `page` as a new browser and takes the form that is posted to `action`. */
export async function seeForm(port: number, page: string, action: string): Promise<SeenForm> {
  const browser = new PlainBrowser(`http://127.0.0.1:${port}`)
  await browser.get(page)
  const { action: path, hidden } = browser.form(action)
  return { path, hidden, cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
}

/** A client that keeps its connections and follows nothing: one more per request under way. */
export class Client {
  readonly #port: number
  readonly #agent: Agent

  constructor(port: number, connections = 1) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  get(path: string, headers: Headers = {}): Promise<Timed> {
    return this.#ask('GET', path, headers)
  }

  /** A form, as a program sends it. */
  send(path: string, headers: Headers, fields: Readonly<Record<string, string>>): Promise<Timed> {
    const body = new URLSearchParams(fields).toString()
    return this.#ask('POST', path, { ...headers, ...headersOf(body) }, body)
  }

  /** `address`: from where the trusted proxy in front says that it comes. */
  post({ path, cookie, hidden }: SeenForm, typed: Readonly<Record<string, string>>, address: string): Promise<Timed> {
    const body = new URLSearchParams({ ...hidden, ...typed }).toString()
    return this.#ask('POST', path, { ...headersOf(body), Cookie: cookie, 'X-Forwarded-For': address }, body)
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(method: string, path: string, headers: Headers, body = ''): Promise<Timed> {
    return new Promise((resolve, reject) => {
      let sent = 0
      const options = { agent: this.#agent, host: '127.0.0.1', port: this.#port, method, path, headers }
      const asked = request(options, (answer) => void finish(answer, performance.now() - sent).then(resolve, reject))
      asked.once('error', reject)
      // A request waits for a connection first; what is measured begins when it is given away.
      asked.once('socket', () => {
        sent = performance.now()
        asked.end(body)
      })
    })
  }
}

function headersOf(body: string): Headers {
  const length = String(Buffer.byteLength(body))
  return { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': length }
}

async function finish(answer: IncomingMessage, ms: number): Promise<Timed> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const { statusCode: status = 0, headers } = answer
  return { status, bytes: body.length, location: headers.location, text: body.toString(), ms }
}

/** The one at `index` of 2³² blocks of addresses: a /64 each of the prefix for documentation (RFC 3849), so that nobody shares a budget. */
export function addressOfBlock(index: number): string {
  return `2001:db8:${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}::1`
}
