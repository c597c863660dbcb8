import { describe, expect, it } from 'vitest'
import { upstreamError } from './upstream_error.ts'

const of = (code: string) => {
  const cause = Object.assign(new Error('10.0.0.7:443 golden'), { code })
  return upstreamError(cause)
}

describe('502 upstream_unreachable says which side TLS failed for', () => {
  it.each([
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
  ])('ours, with the alert %s', (code) => {
    const { code: told, detail } = of(code)
    expect(told).toBe('upstream_unreachable')
    expect(detail).toBe(`The service does not accept the client certificate, or demands one (${code}).`)
  })

  it.each(['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'])(
    'neither, with the alert %s',
    (code) => {
      expect(of(code).detail).toBe(`The service refused the TLS connection (${code}).`)
    },
  )

  it.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('the service’s, with %s', (code) => {
    expect(of(code).detail).toBe(`The certificate of the service was not accepted (${code}).`)
  })

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])('closed, with %s', (code) => {
    expect(of(code).detail).toContain('closed the connection')
  })

  it('the cause stays in the log', () => {
    expect(of('ECONNREFUSED').detail).not.toContain('golden')
  })
})
