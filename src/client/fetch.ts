import { checkedBase, proxyPrefix, proxyUrl } from './address.ts'
import { errorOf } from './error.ts'

export interface FetchOptions {
  /** Where Octroi is: `https://octroi.example.org`, with a path when it is hosted under one. */
  readonly url: string
  /** An API key that is granted the connection. */
  readonly key: string
  /** The id of the connection. */
  readonly connection: string
  /**
   * The address of the service, as a library that takes a `fetch` writes it into its calls. Absolute addresses below it become
   * calls of the connection; without it only paths are taken.
   */
  readonly service?: string | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Like `fetch`. The first argument is a path at the service, or an address below `service`. */
export type GateFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** A second credential beside ours would be refused: one that a library sends was meant for the service, which never sees it. */
const CREDENTIALS = ['authorization', 'api-key', 'x-api-key']

/**
 * A `fetch` whose calls go through Octroi, which signs them: what a program or a library sends with it needs no secret of the
 * service. Bodies stream both ways, `signal` works, redirects are returned and never followed. What the service answers is returned
 * whatever its status; what Octroi itself answers is thrown as `OctroiApiError`. An address that is not the service's is a
 * `TypeError`: nothing is ever sent past Octroi.
 *
 * @example
 * const fetch = createFetch({ url: 'https://octroi.example.org', key: process.env.OCTROI_KEY!, connection: 'hubspot' })
 * const answer = await fetch('/crm/v3/objects/contacts?limit=10')
 *
 * @example A library of the service
 * const service = 'https://api.acme.example/v2'
 * const acme = new Acme({ baseUrl: service, fetch: createFetch({ url, key, connection: 'acme', service }) })
 */
export function createFetch(options: FetchOptions): GateFetch {
  const prefix = proxyPrefix(checkedBase(options.url), options.connection)
  const service = options.service === undefined ? undefined : new URL(checkedBase(options.service, 'service'))
  const send = options.fetch ?? globalThis.fetch
  return async (input, init = {}) => {
    const target = proxyUrl(prefix, pathAt(service, input))
    const answer = await send(target, outgoing(input, init, options.key))
    // Only Octroi itself says this: the header never passes from a service.
    if (answer.headers.has('octroi-error')) throw await errorOf(answer)
    return answer
  }
}

function pathAt(service: URL | undefined, input: string | URL | Request): string {
  const address = input instanceof Request ? input.url : String(input)
  // `//host` is an address without its scheme, which `new URL` would follow to that host.
  if (!/^([a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(address)) return address
  if (service === undefined) throw new TypeError('give a path at the service, or createFetch its address as "service"')
  const url = new URL(address, service)
  const below = service.pathname.replace(/\/$/, '')
  const inside = url.pathname === below || url.pathname.startsWith(`${below}/`)
  if (url.origin !== service.origin || url.username !== '' || url.password !== '' || !inside) {
    throw new TypeError('the address is not below that of the service')
  }
  return (url.pathname.slice(below.length) || '/') + url.search
}

function outgoing(input: string | URL | Request, init: RequestInit, key: string): RequestInit {
  const request = input instanceof Request ? input : undefined
  const headers = new Headers(init.headers ?? request?.headers)
  for (const name of CREDENTIALS) headers.delete(name)
  headers.set('authorization', `Bearer ${key}`)
  const body = init.body ?? request?.body
  const signal = init.signal ?? request?.signal
  const redirect = (init.redirect ?? request?.redirect) === 'error' ? 'error' : 'manual'
  return {
    ...init,
    method: init.method ?? request?.method ?? 'GET',
    headers,
    redirect,
    ...(signal == null ? {} : { signal }),
    // A stream can only be sent while the answer is not yet read (`duplex` of the Fetch standard).
    ...(body == null ? {} : { body, duplex: 'half' }),
  } as RequestInit
}
