import { X509Certificate } from 'node:crypto'
import { canonicalSubject } from '../policy/subject.ts'

/** What proxies write where there was no certificate. */
const NONE = new Set(['', '-', '(null)', 'NONE'])

/** The value of the header, or null where it says that there was no certificate. */
export function certificateIn(header: string): string | null {
  const value = header.trim()
  return NONE.has(value) ? null : value
}

/**
 * The canonical subject that a proxy passes: as a distinguished name, or in the certificate itself (`:base64:` of RFC 9440 §2.1, PEM with
 * or without URL escapes, base64 of the DER). Undefined for what is none of these. That the certificate is good was the proxy's to judge.
 */
export function subjectIn(value: string): string | undefined {
  try {
    const certificate = certificateBytes(value)
    return certificate === undefined ? canonicalSubject(value) : subjectOf(new X509Certificate(certificate))
  } catch {
    return undefined
  }
}

function certificateBytes(value: string): Buffer | string | undefined {
  const [, sequence] = /^:([A-Za-z0-9+/=]+):$/.exec(value) ?? []
  if (sequence !== undefined) return Buffer.from(sequence, 'base64')
  if (/^-----BEGIN(?: |%20|\+)CERTIFICATE/.test(value)) return pem(value)
  // The DER of a certificate is a SEQUENCE of more than 255 bytes: 30 82, in base64 `MII`. Several are a chain, its own first.
  const [first = ''] = value.split(/,|%2C/i)
  return /^MII[A-Za-z0-9+/=%]+$/.test(first) ? Buffer.from(unescaped(first), 'base64') : undefined
}

/** Headers have no line breaks: they come escaped, as spaces or tabs, or not at all. */
function pem(value: string): string {
  const [, body = ''] = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/.exec(pemText(value)) ?? []
  const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** A plus sign is one of base64 even where spaces are escaped, but not between BEGIN and CERTIFICATE. */
function pemText(value: string): string {
  return unescaped(value).replace(/(BEGIN|END)\+CERTIFICATE/g, '$1 CERTIFICATE')
}

function unescaped(value: string): string {
  return value.includes('%') ? decodeURIComponent(value) : value
}

/** Node gives one line for each part, the most general first, in the escapes of RFC 2253. */
function subjectOf({ subject }: X509Certificate): string {
  return canonicalSubject(subject.split('\n').reverse().join(','))
}
