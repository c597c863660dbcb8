import type { Dispatcher } from 'undici'
import { OctroiError } from '../../core/errors.ts'
import type { NetworkPolicy } from '../../core/types.ts'
import { endpointFault } from '../connectors/places.ts'
import { upstreamError } from './upstream_error.ts'
import type { Upstreams } from './upstreams.ts'

/** A person waits for the answer. */
const LIMIT_MS = 5_000
const MAX_ANSWER = 1024 * 1024
/** Answers that have no body (Fetch §2.2.3). */
const NO_BODY = new Set([204, 205, 304])

/**
 * A `fetch` for libraries that expect one, through our own egress: to checked addresses only, over verified TLS, 5 s and 1 MB at most; a
 * redirect is given back, never followed. Throws `OctroiError` `upstream_unreachable`, `upstream_timeout` or `upstream_refused_address`.
 */
export function webFetch(upstreams: Upstreams, network: NetworkPolicy, limitMs = LIMIT_MS): typeof fetch {
  return async (input, init) => {
    const request = requestOf(input, init)
    const { origin, pathname, search } = new URL(request.url)
    const upstream = upstreams.get(origin, network, LIMIT_MS)
    upstream.usedAt = performance.now()
    try {
      const answer = await upstream.pool.request({
        method: request.method as Dispatcher.HttpMethod,
        path: `${pathname}${search}`,
        headers: { ...Object.fromEntries(request.headers), 'accept-encoding': 'identity', 'user-agent': 'Octroi' },
        body: request.body === null ? null : Buffer.from(await request.arrayBuffer()),
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(limitMs)]),
      })
      return responseOf(answer.statusCode, answer.headers, await bodyOf(answer.body))
    } catch (error) {
      throw upstreamError(error)
    }
  }
}

/** A provider says where its endpoints are: one that is no address is its fault, not the caller's. */
function requestOf(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Request {
  const address = input instanceof Request ? input.url : String(input)
  const fault = endpointFault(address)
  if (fault !== undefined) throw new OctroiError('upstream_unreachable', `An address that the provider names ${fault}.`)
  return new Request(input, init)
}

async function bodyOf(body: Dispatcher.ResponseData['body']): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += (chunk as Buffer).length
    if (size > MAX_ANSWER) throw new OctroiError('upstream_unreachable', 'The service answered more than 1 MB.')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function responseOf(
  status: number,
  raw: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer<ArrayBuffer>,
): Response {
  // `Response` takes no other status; what answers one is no web server.
  if (status < 200 || status > 599)
    throw new OctroiError('upstream_unreachable', `The service answered with status ${status}.`)
  const headers = new Headers()
  for (const [name, values] of Object.entries(raw))
    for (const value of [values ?? []].flat()) headers.append(name, value)
  return new Response(NO_BODY.has(status) ? null : body, { status, headers })
}
