import { OctroiError } from '../../core/errors.ts'
import { RefusedAddress } from './egress.ts'

/** Codes of OpenSSL's verification as Node names them (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT)|ERR_TLS_|HOSTNAME_MISMATCH|ERR_SSL_|EPROTO/

/** What a failure towards a service is to the caller. The cause stays in the log: it may name addresses of the inside. */
export function upstreamError(error: unknown): OctroiError {
  if (error instanceof OctroiError) return error
  const cause = error as { code?: unknown; name?: string; cause?: unknown }
  if (error instanceof RefusedAddress || cause.cause instanceof RefusedAddress) {
    return new OctroiError(
      'upstream_refused_address',
      'The address of the service is one that this connection may not reach.',
      {
        cause: error,
      },
    )
  }
  const code = String(cause.code ?? '')
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || cause.name === 'TimeoutError') {
    return new OctroiError('upstream_timeout', 'The service did not answer in time.', { cause: error, retryAfter: 5 })
  }
  return new OctroiError('upstream_unreachable', reasonOf(code), { cause: error, retryAfter: 5 })
}

/** Alerts that the service sent (RFC 8446 §6.2), also as `ERR_SSL_SSL/TLS_ALERT_...`: they speak of our side, never of its certificate. */
const ALERT = /^ERR_SSL_.*_ALERT_/
const OF_OUR_CERTIFICATE = /_(BAD|UNSUPPORTED)_CERTIFICATE|_CERTIFICATE_|_UNKNOWN_CA|_ACCESS_DENIED/

function reasonOf(code: string): string {
  if (ALERT.test(code)) {
    return OF_OUR_CERTIFICATE.test(code)
      ? `The service does not accept the client certificate, or demands one (${code}).`
      : `The service refused the TLS connection (${code}).`
  }
  if (CERTIFICATE.test(code)) return `The certificate of the service was not accepted (${code}).`
  switch (code) {
    case 'ECONNREFUSED':
      return 'The service refuses connections: nothing listens at its address.'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'The name of the service is not known.'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'The service closed the connection before it had answered.'
    default:
      return 'The service cannot be reached.'
  }
}
