import type { OutgoingRequest, Signature } from './scheme.ts'

export interface SignedRequest {
  /** All headers of the request as a flat list, the caller's first. */
  readonly headers: readonly string[]
  /** Without `?`; empty when none. */
  readonly query: string
}

/**
 * A request with its signature on: what is the same for every request first, then what depends on this one, which sees the rest as
 * it is sent. Throws `invalid_request` for what cannot be signed.
 */
export function signRequest(signature: Signature, request: OutgoingRequest): SignedRequest {
  const headers = withHeaders(request.headers, signature.headers)
  const query = withPairs(request.query, signature.query)
  const signer = signature.perRequest
  if (signer === undefined || (signer.onlyWithParams === true && isEmpty(request.params))) return { headers, query }
  const own = signer.sign({ ...request, headers, query })
  return { headers: withHeaders(headers, own.headers), query: withPairs(query, own.query) }
}

/** Header names are compared in any case (RFC 9110 §5.1): two `Authorization` on one request would be two credentials. */
function withHeaders(headers: readonly string[], added: readonly string[]): readonly string[] {
  if (added.length === 0) return headers
  if (headers.length === 0) return added
  const result: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (!names(added, headers[i] as string)) result.push(headers[i] as string, headers[i + 1] as string)
  }
  for (const part of added) result.push(part)
  return result
}

/** A signature has one to four headers: to walk them costs less than a set of their names. */
function names(headers: readonly string[], name: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const other = headers[i] as string
    if (other.length === name.length && (other === name || other.toLowerCase() === name.toLowerCase())) return true
  }
  return false
}

function withPairs(query: string, added: string): string {
  if (added === '') return query
  return query === '' ? added : `${query}&${added}`
}

function isEmpty(record: Readonly<Record<string, string>>): boolean {
  for (const _ in record) return false
  return true
}
