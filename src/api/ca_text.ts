import { X509Certificate } from 'node:crypto'
import { z } from 'zod'

/** A certificate comes as text: a path would be one of the server's files (D9). */
export const CaText = z
  .string()
  .max(65_536)
  .refine((value) => /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/.test(value), {
    message: 'must be one or more certificates as PEM text, not a path (the CLI reads a file with --ca-file)',
    abort: true,
  })
  .refine(isCertificates, 'holds a certificate that cannot be read')

function isCertificates(pem: string): boolean {
  try {
    const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
    return found.every((text) => new X509Certificate(text).raw.length > 0)
  } catch {
    return false
  }
}
