import { checkedBase, filled, proxyPrefix, proxyUrl } from './address.ts'
import { bodyOf, errorOf, notAnswered } from './error.ts'
import type { Arguments, Call, CallOptions, ItemOf, Method, PagedPath } from './types.ts'

export { type ApiFieldError, OctroiApiError } from './error.ts'
export { createFetch, type FetchOptions, type GateFetch } from './fetch.ts'
export type { Arguments, CallOptions, Input, ItemOf, Method, Output, PagedPath, PathOf } from './types.ts'

export interface ClientOptions {
  /** Where Octroi is: `https://octroi.example.org`, with a path when it is hosted under one. */
  readonly url: string
  /** An API key. */
  readonly key: string
  /** Milliseconds until a call is given up; 30 000 unless given. (A proxied call has the connection's own time-outs.) */
  readonly timeout?: number | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Like `fetch`, but the first argument is a path at the service. Redirects are returned, as the gate returns them. */
export type ProxyFetch = (path: string, init?: RequestInit) => Promise<Response>

export interface OctroiClient {
  readonly get: Call<'GET'>
  readonly post: Call<'POST'>
  readonly put: Call<'PUT'>
  readonly patch: Call<'PATCH'>
  readonly delete: Call<'DELETE'>
  /** Every item of a list, page after page. */
  pages<const P extends PagedPath>(path: P, ...input: Arguments<'GET', P>): AsyncGenerator<ItemOf<P>, void, undefined>
  /**
   * Calls to the service behind a connection, signed by Octroi. Answers of Octroi's own are returned like those of the service, with
   * their `Octroi-Error`; `createFetch` throws them.
   */
  proxy(connection: string): ProxyFetch
}

interface LooseInput extends CallOptions {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

type LooseCall = (method: Method, path: string, input?: LooseInput) => Promise<unknown>

/**
 * A typed client of the management API. Calls throw `OctroiApiError`.
 *
 * @example
 * const octroi = createClient({ url: 'https://octroi.example.org', key: process.env.OCTROI_KEY! })
 * const { key } = await octroi.post('/keys', { body: { name: 'till', grants: [{ connection: 'paheko', allow: ['accounting-post'] }] } })
 * const answer = await octroi.proxy('paheko')('/api/accounting/years')
 */
export function createClient(options: ClientOptions): OctroiClient {
  const base = checkedBase(options.url)
  const call: LooseCall = (method, path, input) => send(options, base, method, path, input ?? {})
  // The types are the declarations' own; what runs below them is the same for all.
  const calls = (method: Method) => ((path: string, input?: LooseInput) => call(method, path, input)) as never
  return {
    get: calls('GET'),
    post: calls('POST'),
    put: calls('PUT'),
    patch: calls('PATCH'),
    delete: calls('DELETE'),
    pages: ((path: string, input?: LooseInput) => pages(call, path, input)) as never,
    proxy: (connection) => proxied(options, base, connection),
  }
}

const TIMEOUT_MS = 30_000

async function send(options: ClientOptions, base: string, method: Method, path: string, input: LooseInput) {
  const url = `${base}/api/v1${filled(path, input.params ?? {})}${queryOf(input.query ?? {})}`
  const headers = new Headers({ authorization: `Bearer ${options.key}`, accept: 'application/json' })
  if (input.body !== undefined) headers.set('content-type', 'application/json')
  if (input.idempotencyKey !== undefined) headers.set('idempotency-key', input.idempotencyKey)
  const timeout = input.timeout ?? options.timeout ?? TIMEOUT_MS
  const signals = [AbortSignal.timeout(timeout), ...(input.signal === undefined ? [] : [input.signal])]
  try {
    const answer = await (options.fetch ?? globalThis.fetch)(url, {
      method,
      headers,
      // A redirect of whatever stands before Octroi must not carry the key or the body on.
      redirect: 'manual',
      signal: AbortSignal.any(signals),
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    })
    if (!answer.ok) throw await errorOf(answer)
    return answer.status === 204 ? undefined : await bodyOf(answer)
  } catch (error) {
    throw known(error, input.signal) ? error : notAnswered(error, base, timeout)
  }
}

/** Errors of ours, and the reason with which the caller himself gave up, are not "no answer". */
function known(error: unknown, signal: AbortSignal | undefined): boolean {
  return (error as { name?: string }).name === 'OctroiApiError' || signal?.aborted === true
}

function queryOf(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

async function* pages(call: LooseCall, path: string, input: LooseInput = {}) {
  for (let cursor: unknown = input.query?.cursor; ; ) {
    const page = (await call('GET', path, { ...input, query: { ...input.query, cursor } })) as {
      items: readonly unknown[]
      next_cursor: string | null
    }
    yield* page.items
    if (page.next_cursor === null) return
    cursor = page.next_cursor
  }
}

function proxied(options: ClientOptions, base: string, connection: string): ProxyFetch {
  const prefix = proxyPrefix(base, connection)
  return async (path, init = {}) => {
    const url = proxyUrl(prefix, path)
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${options.key}`)
    return (options.fetch ?? globalThis.fetch)(url, { redirect: 'manual', ...init, headers })
  }
}
