import type { Problem } from '../core/problem.ts'
import type { OpenIdClient } from './client_metadata.ts'

/** What a person in a browser is told, where nobody can be led back to an application. */
export interface ProviderFailure {
  readonly status: number
  /** As the standards name it: `invalid_client`, `invalid_redirect_uri`, ... */
  readonly error: string
  readonly description: string | undefined
  /** Where it is known. */
  readonly client: OpenIdClient | undefined
  readonly requestId: string
  /** For the language. */
  readonly cookie: string | undefined
  readonly acceptLanguage: string | undefined
}

export type ErrorPage = (failure: ProviderFailure) => Problem

/** The error of OAuth that is our own trouble: who gets it tries again (RFC 6749 §4.1.2.1). */
export const OWN_TROUBLE = 'temporarily_unavailable'

/** An answer of an endpoint of OAuth: JSON that nobody keeps (RFC 6749 §5.1, §5.2). */
export function oauthAnswer(status: number, content: object, requestId: string): Problem {
  const body = JSON.stringify(content)
  const headers = [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    'Octroi-Request-Id',
    requestId,
  ]
  return { status, headers, body }
}

/** An error as the endpoints of OAuth answer it (RFC 6749 §5.2). */
export function oauthError(
  status: number,
  error: string,
  description: string,
  requestId: string,
  retryAfter?: number,
): Problem {
  const answer = oauthAnswer(status, { error, error_description: description }, requestId)
  if (retryAfter === undefined) return answer
  return { ...answer, headers: [...answer.headers, 'Retry-After', String(retryAfter)] }
}
