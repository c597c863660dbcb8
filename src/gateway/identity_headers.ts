import type { Principal } from '../core/program_types.ts'

/**
 * Who was let through, as a flat list. All seven stand on every answer: what is not set by us would be the caller's own to whoever
 * copies them.
 */
export function identityHeaders(principal: Principal, assertion: string): readonly string[] {
  const { subject, kind, name, email, groups, key_id } = principal
  return [
    'Octroi-Subject',
    headerText(subject),
    'Octroi-Kind',
    kind,
    'Octroi-Name',
    headerText(name),
    'Octroi-Email',
    email === null ? '' : headerText(email),
    'Octroi-Groups',
    groups.map(headerText).join(','),
    'Octroi-Key-Id',
    key_id === null ? '' : headerText(key_id),
    'Octroi-Assertion',
    assertion,
  ]
}

export const IDENTITY_HEADERS = [
  'Octroi-Subject',
  'Octroi-Kind',
  'Octroi-Name',
  'Octroi-Email',
  'Octroi-Groups',
  'Octroi-Key-Id',
  'Octroi-Assertion',
] as const

/** Nobody in particular. */
export const BLANK_IDENTITY: readonly string[] = IDENTITY_HEADERS.flatMap((name) => [name, ''])

/**
 * Printable ASCII as it is; anything else, and `%`, percent-encoded as UTF-8, so that no name of a person can break a header or be
 * read in two ways (RFC 9110 §5.5). A space at either end would not arrive.
 */
export function headerText(text: string): string {
  if (/^[\x21-\x24\x26-\x7e]*$/.test(text)) return text
  return text
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent)
    .replace(/^ | $/g, '%20')
}
