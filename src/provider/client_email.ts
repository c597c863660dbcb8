import type { ClientEmail } from '../core/openid_types.ts'
import type { EmailAddress } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { canonicalEmail } from '../policy/email.ts'

/**
 * The address that goes out as `email`; null: he has none that this application may be told. Only addresses that were verified, which are one
 * account's alone after case and accents are folded: an application that knows its people by their address takes nobody for another.
 */
export async function clientEmail(
  { emails }: Pick<Store, 'emails'>,
  { from }: Pick<ClientEmail, 'from'>,
  { id, email }: Pick<Account, 'id' | 'email'>,
): Promise<string | null> {
  const verified = (await emails.of(id)).filter((address) => address.verified_at !== null && isPlain(address))
  const primary = primaryOf(verified, email)
  if (from === 'primary') return told(primary)
  const domain = domainOf(from)
  const at = (address: EmailAddress | undefined) => address !== undefined && domainOf(address.canonical) === domain
  return told(at(primary) ? primary : verified.find(at))
}

/**
 * Applications fold more than case and accents: Paheko takes `пётр` for `petr` and `’` for `'`. So an address goes out only if nothing but ASCII is
 * left of it once it is folded: whatever an application makes of it, it is that or nothing.
 */
function isPlain({ canonical }: EmailAddress): boolean {
  return /^[\x21-\x7e]+$/.test(canonical)
}

/** As it was written, but a domain beyond ASCII in A-labels: folded, `exämple.org` would be `example.org`. */
function told(address: EmailAddress | undefined): string | null {
  if (address === undefined) return null
  const [local = '', domain = ''] = address.address.trim().split('@')
  return `${local}@${/^[\x21-\x7e]+$/.test(domain) ? domain : domainOf(address.canonical)}`
}

/** The one that an administrator gave him, else the first of his own. */
function primaryOf(verified: readonly EmailAddress[], given: string | null): EmailAddress | undefined {
  if (given === null) return verified[0]
  const canonical = canonicalEmail(given)
  return verified.find((address) => address.canonical === canonical)
}

/** Behind the `@`, as addresses are compared. */
function domainOf(text: string): string {
  const whole = text.startsWith('@') ? canonicalEmail(`x${text}`) : text
  return (whole ?? text).split('@')[1]?.toLowerCase() ?? ''
}
