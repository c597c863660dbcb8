/**
 * The closed table of what Octroi can answer on its own account. A code is part of the interface: programs branch on it,
 * and `docs/errors/<code>.md` says what happened and how to mend it.
 *
 * Never 401 or 403 for our own trouble: a caller that reads 401/403 gives up for good, one that reads 502/503/504 tries again.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  ambiguous_credentials: { status: 400, title: 'More than one credential was sent' },
  unsafe_path: { status: 400, title: 'The path cannot be read in one way only' },
  untrusted_proxy: { status: 400, title: 'Forwarded headers from a peer that is not a trusted proxy' },
  insecure_transport: { status: 400, title: 'Plain HTTP from a public address' },
  unauthenticated: { status: 401, title: 'No valid credential' },
  key_expired: { status: 401, title: 'The key has expired' },
  key_revoked: { status: 401, title: 'The key was revoked' },
  not_granted: { status: 403, title: 'The credential may not do this' },
  never_allowed: { status: 403, title: 'The connector never lets this through' },
  csrf_rejected: { status: 403, title: 'Refused because a browser page sent it' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'This method is not served here' },
  conflict: { status: 409, title: 'It conflicts with what exists' },
  identity_changed: { status: 409, title: 'Another account was connected than before' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  insecure_upstream: { status: 422, title: 'The address of the service is not allowed' },
  conditions_required: { status: 422, title: 'The issuer says too little about who calls' },
  secrets_required: { status: 422, title: 'The secrets are needed again for this change' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key was used for another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Octroi failed' },
  unsupported: { status: 501, title: 'Octroi does not do this' },
  upstream_unreachable: { status: 502, title: 'The service cannot be reached' },
  upstream_rejected_credential: { status: 502, title: 'The service refused the stored secret' },
  reconnect_required: { status: 502, title: 'The connection needs a person' },
  upstream_refused_address: { status: 502, title: 'The address of the service is not allowed' },
  busy: { status: 503, title: 'Too much at once' },
  store_unavailable: { status: 503, title: 'The store does not answer' },
  upstream_timeout: { status: 504, title: 'The service did not answer in time' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** One fault of an input, named by the path of its field (`grants.0.allow.1`). */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export interface ErrorOptions {
  /** For the log only. */
  readonly cause?: unknown
  /** All faults of the input at once. */
  readonly errors?: readonly FieldError[]
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfter?: number
}

/**
 * The one error of Octroi. `code` is for machines, `detail` for the caller (never a secret), `cause` for the log.
 * Rendered at the edges only: a problem document (RFC 9457) over HTTP, one line on stderr in the CLI.
 */
export class OctroiError extends Error {
  override readonly name = 'OctroiError'
  readonly code: ErrorCode
  readonly detail: string
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, detail: string, options: ErrorOptions = {}) {
    super(`${code}: ${detail}`, { cause: options.cause })
    this.code = code
    this.detail = detail
    this.errors = options.errors
    this.retryAfter = options.retryAfter
  }

  get status(): number {
    return ERROR_CODES[this.code].status
  }
}

/** A start-up that must not go on: the process says every fault at once and exits 78 (EX_CONFIG of sysexits.h). */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[], cause?: unknown) {
    super(faults.join('\n'), { cause })
    this.faults = faults
  }
}

/** Any error as one of ours: what we do not know is our own failure, told to nobody but the log. */
export function asOctroiError(error: unknown): OctroiError {
  if (error instanceof OctroiError) return error
  return new OctroiError('internal', 'An unexpected failure; the log has the details under the request id.', {
    cause: error,
  })
}
