import type { Store } from '../core/stores.ts'
import { canonicalEmail } from '../policy/email.ts'
import type { Claims } from './method.ts'

/** The address that an issuer names, and whose it is here. */
export interface ClaimedAddress {
  readonly written: string
  readonly canonical: string
  /** The issuer is trusted with it, has checked it, and nobody else here has it. */
  readonly isHis: boolean
  /** Another account has it. That merges nothing: linking takes a proof of that account (B-40, T28). */
  readonly isOthers: boolean
}

/** `account`: whose sign-in it is. `undefined`: no address is named, or what is named is none (T30). */
export async function addressOf(
  { emails }: Pick<Store, 'emails'>,
  account: string,
  { email, emailVerified }: Claims,
): Promise<ClaimedAddress | undefined> {
  const canonical = email === null ? undefined : canonicalEmail(email)
  if (email === null || canonical === undefined) return undefined
  const others = (await emails.holders(canonical)).filter(({ id }) => id !== account)
  const verified = await emails.findVerified(canonical)
  const isOthers = others.length > 0 || (verified !== undefined && verified.id !== account)
  return { written: email.trim(), canonical, isHis: emailVerified && !isOthers, isOthers }
}

export async function putAddress(
  { emails }: Pick<Store, 'emails'>,
  account: string,
  { written, canonical, isHis }: ClaimedAddress,
  at: string,
): Promise<void> {
  const known = (await emails.of(account)).find((email) => email.canonical === canonical)
  if (known?.verified_at != null) return
  await emails.put({ account, address: written, canonical, verified_at: isHis ? at : null, created_at: at })
}
