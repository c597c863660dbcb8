import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../test/support/subject_certificate.ts'
import { certificateIn, subjectIn } from './certificate_subject.ts'

const SUBJECT = 'EMAILADDRESS=a@b.example,CN=till 1+SERIALNUMBER=42,O=Acme\\, Inc. é,C=FR'
let pem: string
let der: string
beforeAll(async () => {
  pem = await makeCertificate('/C=FR/O=Acme, Inc. é/CN=till 1+serialNumber=42/emailAddress=a@b.example')
  der = new X509Certificate(pem).raw.toString('base64')
})

describe('the subject that a proxy passes', () => {
  it.each<[string, () => string]>([
    ['RFC 9440', () => `:${der}:`],
    ['PEM, escaped as nginx does it', () => encodeURIComponent(pem)],
    ['PEM, escaped with plus signs for spaces', () => encodeURIComponent(pem).replaceAll('%20', '+')],
    ['PEM with tabs for line breaks', () => pem.trim().replaceAll('\n', '\t')],
    ['PEM on one line', () => pem.trim().replaceAll('\n', ' ')],
    ['base64 of the DER', () => der],
    ['base64 of the DER, escaped', () => encodeURIComponent(der)],
    ['a chain as Traefik passes it', () => `${encodeURIComponent(der)},${encodeURIComponent(der)}`],
    ['RFC 4514', () => 'emailAddress=a@b.example,CN=till 1+serialNumber=42,O=Acme\\, Inc. \\C3\\A9,C=FR'],
  ])('%s', (_, value) => expect(subjectIn(value())).toBe(SUBJECT))

  it.each(['', 'x', 'MIIB', ':MIIB:', '::', '-----BEGIN CERTIFICATE-----', 'MII%', '%', '/'])('%j is none', (value) =>
    expect(subjectIn(value)).toBeUndefined(),
  )

  it('a certificate that was cut is none', () => {
    expect(subjectIn(der.slice(0, -40))).toBeUndefined()
    expect(subjectIn(`:${der.slice(0, 100)}:`)).toBeUndefined()
  })

  it('any text is a subject or none, and nothing is thrown', () => {
    const sign = fc.constantFrom(...'MII:-BEGINCRTA%2=,/+ ')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: sign, maxLength: 60 })), (text) => {
        const subject = subjectIn(text)
        if (subject !== undefined) expect(subjectIn(subject)).toBe(subject)
      }),
      { numRuns: 5_000 },
    )
  })

  it.each(['', ' ', '-', '(null)', 'NONE'])('%j says that there was no certificate', (header) => {
    expect(certificateIn(header)).toBeNull()
  })
})
