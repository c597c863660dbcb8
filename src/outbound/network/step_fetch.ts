import type { Dispatcher } from 'undici'
import { OctroiError } from '../../core/errors.ts'
import type { NetworkPolicy } from '../../core/types.ts'
import { endpointFault } from '../connectors/places.ts'
import type { StepAnswer, StepFetch } from '../exchange.ts'
import { upstreamError } from './upstream_error.ts'
import type { Upstreams } from './upstreams.ts'

const CONNECT_MS = 5_000
/** A token endpoint may be slow; whoever waits for the token has his own limit. */
const STEP_MS = 20_000
const MAX_ANSWER = 1024 * 1024

/** The requests of exchanges, under the network policy of their connection. `signal` ends all of them. */
export function stepFetch(upstreams: Upstreams, network: NetworkPolicy, signal: AbortSignal): StepFetch {
  return async ({ method, url, headers = {}, body, certificate }) => {
    const fault = endpointFault(url)
    if (fault !== undefined) throw new OctroiError('invalid_request', `An address of the exchange ${fault}.`)
    const { origin, pathname, search } = new URL(url)
    const upstream = upstreams.get(origin, network, CONNECT_MS, certificate)
    upstream.usedAt = performance.now()
    try {
      const answer = await upstream.pool.request({
        method,
        path: `${pathname}${search}`,
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'Octroi',
          ...lower(headers),
        },
        body: body ?? null,
        signal: AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]),
      })
      return { status: answer.statusCode, headers: headersOf(answer.headers), text: await textOf(answer.body) }
    } catch (error) {
      throw upstreamError(error)
    }
  }
}

function lower(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function headersOf(raw: Readonly<Record<string, string | string[] | undefined>>): StepAnswer['headers'] {
  const headers = new Headers()
  for (const [name, values] of Object.entries(raw))
    for (const value of [values ?? []].flat()) headers.append(name, value)
  return headers
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += (chunk as Buffer).length
    if (size > MAX_ANSWER)
      throw new OctroiError('upstream_unreachable', 'The service answered more than 1 MB to a request for a token.')
    chunks.push(chunk as Buffer)
  }
  // Without the byte order mark that some services begin with, and no JSON does (RFC 8259 §8.1).
  return new TextDecoder().decode(Buffer.concat(chunks))
}
