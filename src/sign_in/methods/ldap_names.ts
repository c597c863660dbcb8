import { Filter } from 'ldapts'
import { canonicalSubject } from '../../policy/subject.ts'

/** Names in a directory: filters, distinguished names, identifiers. */

/** Each `{name}` filled in and escaped (RFC 4515 §3): nothing that is typed becomes part of the filter. */
export function filterFor(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => Filter.escape(values[name] ?? ''))
}

/**
 * Servers write the same name in several ways (`\,` and `\2C`, parts of a multi-valued RDN in another order), and compare most values without
 * regard to case: this is what two of them are compared by. What is no distinguished name stays as it is.
 */
export function comparableDn(text: string): string {
  try {
    return canonicalSubject(text).normalize('NFKC').toLowerCase()
  } catch {
    return text.trim().normalize('NFKC').toLowerCase()
  }
}

/** The value of the first part, for mappings by common name: `cn=Équipe,ou=groups,...` → `équipe`. */
export function firstName(dn: string): string {
  const first = comparableDn(dn).split(/(?<!\\),/)[0] ?? ''
  return first
    .slice(first.indexOf('=') + 1)
    .replace(/\\([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(.)/g, '$1')
}

/** objectGUID as people write it (MS-DTYP §2.3.4.2: the first three fields are little-endian); other bytes as hexadecimal. */
export function identifierText(value: string | Buffer): string {
  if (typeof value === 'string') return value
  const hex = value.toString('hex')
  if (value.length !== 16) return hex
  const swapped = (from: number, to: number) => Buffer.from(value.subarray(from, to)).reverse().toString('hex')
  return [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Refused before anything is sent: some servers take an empty password for an anonymous success (RFC 4513 §5.1.2). */
export function isBlank(text: string): boolean {
  return /^[\s\0]*$/u.test(text)
}

const MAX_LOGIN = 256

/** What cannot be anybody's login. */
export function isNoLogin(login: string): boolean {
  return isBlank(login) || login.length > MAX_LOGIN || /[\p{Cc}]/u.test(login)
}
