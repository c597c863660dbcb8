import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A port of this machine to which a browser comes back from the connect page (RFC 8252 §7.3), for as long as a command waits. */
export class Loopback {
  readonly #server: Server
  readonly #origin: string
  #target: string | undefined
  #arrived: ((found: URLSearchParams) => boolean) | undefined

  private constructor(server: Server) {
    this.#server = server
    this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => this.#answer(request, response))
  }

  static async open(): Promise<Loopback> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new Loopback(server)
  }

  get returnUrl(): string {
    return `${this.#origin}/back`
  }

  /**
   * An address for a program that opens browsers: everybody on the machine can read its command line, so the link itself is not on it.
   * It leads there once; who comes second is told that somebody was first.
   */
  leadTo(link: string): string {
    this.#target = link
    return `${this.#origin}/`
  }

  /** The code that comes back for the session. Rejects with the reason of `signal`. */
  code(session: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      signal.addEventListener('abort', () => reject(signal.reason))
      this.#arrived = (found) => {
        const code = found.get('code')
        if (found.get('session') !== session || code === null) return false
        resolve(code)
        return true
      }
    })
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#origin)
    // A page of elsewhere whose name was turned to this address has another host in its requests.
    const isOurs = request.method === 'GET' && `http://${request.headers.host}` === this.#origin
    if (isOurs && pathname === '/') this.#lead(response)
    else if (isOurs && pathname === '/back' && this.#arrived?.(searchParams) === true)
      say(response, 200, 'You can close this page and go back to the terminal.')
    else say(response, 404, 'Nothing is waited for here.')
  }

  #lead(response: ServerResponse): void {
    const target = this.#target
    this.#target = undefined
    if (target === undefined) say(response, 410, 'This address was opened already. Begin again if it was not you.')
    else response.writeHead(302, { Location: target, ...HEADERS }).end()
  }
}

const HEADERS = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'X-Content-Type-Options': 'nosniff' }

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...HEADERS }).end(`${text}\n`)
}
