import type { Dispatcher } from 'undici'
import type { Target } from '../connections/targets.ts'
import { signRequest } from '../request_signing.ts'
import type { Signature } from '../scheme.ts'
import { upstreamError } from './upstream_error.ts'

export interface Asked {
  readonly status: number
  /** As much as was read of it. */
  readonly body: Buffer
}

/**
 * One request of Octroi's own below the base URL of a connection, signed like a call. Reads at most `maxBytes` of the answer. Throws
 * `OctroiError` `upstream_*` when the service cannot be reached.
 */
export async function ask(
  target: Target,
  method: string,
  reference: string,
  { signature = target.signature, maxBytes }: { readonly signature?: Signature; readonly maxBytes: number },
): Promise<Asked> {
  const [path = '', query = ''] = reference.split(/\?(.*)/s)
  const address = `${target.basePath}${path}`
  const signed = signRequest(signature, {
    method,
    origin: target.upstream.origin,
    path: address,
    query,
    headers: ['accept', 'application/json, */*;q=0.5', 'user-agent', 'Octroi'],
    body: null,
    params: {},
    now: Date.now(),
  })
  target.upstream.usedAt = performance.now()
  try {
    const answer = await target.upstream.pool.request({
      method: method as Dispatcher.HttpMethod,
      path: signed.query === '' ? address : `${address}?${signed.query}`,
      headers: [...signed.headers],
      signal: AbortSignal.timeout(target.firstByteMs),
    })
    return { status: answer.statusCode, body: await startOf(answer.body, maxBytes) }
  } catch (error) {
    throw upstreamError(error)
  }
}

async function startOf(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > maxBytes) break
  }
  return Buffer.concat(chunks)
}
