import type { Target } from '../outbound/connections/targets.ts'
import { signRequest } from '../outbound/request_signing.ts'
import type { Signature } from '../outbound/scheme.ts'
import type { Call } from './call.ts'
import type { RequestBody } from './exchange.ts'
import { upstreamHeaders, upstreamQuery } from './headers.ts'

/** Where a call goes and what it carries, signed. Throws `invalid_request` for what the caller sent and cannot be signed. */
export function outgoing(
  call: Call,
  { upstream, basePath, signedHeaders, signedQuery, connector }: Target,
  signature: Signature,
  body: RequestBody,
): { path: string; headers: readonly string[] } {
  const { head, caller, path, query, params, method } = call
  const each = signature.perRequest !== undefined
  const headers = upstreamHeaders({
    head: head as NonNullable<typeof head>,
    signed: signedHeaders,
    signature: each ? [] : signature.headers,
    keepCookies: connector.cookies === 'keep',
    clientAddress: caller?.address ?? '',
    clientProto: caller?.proto ?? 'http',
  })
  const address = basePath + path
  if (!each) return { path: address + upstreamQuery(query, signedQuery, signature.query), headers }
  const signed = signRequest(signature, {
    method,
    origin: upstream.origin,
    path: address,
    query: upstreamQuery(query, signedQuery, '').slice(1),
    headers,
    body: Buffer.isBuffer(body) ? body : null,
    params,
    now: Date.now(),
  })
  return { path: signed.query === '' ? address : `${address}?${signed.query}`, headers: signed.headers }
}
