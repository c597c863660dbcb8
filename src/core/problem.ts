import { ERROR_CODES, type OctroiError } from './errors.ts'

/** A problem document (RFC 9457) and the headers that go with it. */
export interface Problem {
  readonly status: number
  /** Flat list. */
  readonly headers: readonly string[]
  readonly body: string
}

export type RenderProblem = (error: OctroiError, requestId: string, connectionState?: string) => Problem

/** `type` is the page that explains the code (`docs/errors/<code>.md`), served by Octroi itself. */
export function problemRenderer(publicUrl: string): RenderProblem {
  return (error, requestId, connectionState) => {
    const problem = renderProblem(error, requestId, `${publicUrl}/errors/${error.code}`)
    if (connectionState === undefined) return problem
    return { ...problem, headers: [...problem.headers, 'Octroi-Connection-State', connectionState] }
  }
}

/** A person must act first: to try again every second is of no use to anybody. */
const RECONNECT_S = 60

function renderProblem(error: OctroiError, requestId: string, type: string): Problem {
  const { status, title } = ERROR_CODES[error.code]
  const body = JSON.stringify({
    type,
    title,
    status,
    code: error.code,
    detail: error.detail,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    request_id: requestId,
  })
  const headers = [
    'Content-Type',
    'application/problem+json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    'Octroi-Request-Id',
    requestId,
    'Octroi-Error',
    error.code,
  ]
  // RFC 9110 §11.6.1: a 401 names the schemes by which one may try again.
  if (status === 401) headers.push('WWW-Authenticate', 'Bearer realm="octroi", Basic realm="octroi", charset="UTF-8"')
  const retryAfter = error.retryAfter ?? (error.code === 'reconnect_required' ? RECONNECT_S : undefined)
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter))
  return { status, headers, body }
}
