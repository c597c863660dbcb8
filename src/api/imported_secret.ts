import type { FieldError } from '../core/errors.ts'
import { looksLikeOurs } from '../inbound/key_format.ts'

export const STRONG_LENGTH = 20

/** What stands for a secret in the tables of other systems: `$pbkdf2-sha512$6000$...` (Odoo's own keys), `$2b$12$...`, `$argon2id$...`. */
const HASH = /^\$(?:pbkdf2|argon2(?:id|i|d)?|scrypt|bcrypt|2[abxy]?|[1567y])(?:-[a-z0-9-]+)?\$/

interface Fences {
  readonly allow_weak: boolean
  readonly cidrs: readonly string[]
  readonly expires_at: string | null
}

/** Why a key that was made elsewhere is not taken over; a weak one has to be fenced in (D14). */
export function unfitness(secret: string, { allow_weak, cidrs, expires_at }: Fences): FieldError[] {
  const errors: FieldError[] = []
  if (looksLikeOurs(secret))
    errors.push({ path: 'secret', message: 'begins like a key of Octroi: those are made here, never imported' })
  if (HASH.test(secret))
    errors.push({
      path: 'secret',
      message: 'is the hash of a key, and no key: whoever has the key must be given a new one',
    })
  if (/^[*.]+$/.test(secret)) errors.push({ path: 'secret', message: 'is masked: what is shown is no key' })
  if (secret.length < STRONG_LENGTH) {
    if (!allow_weak)
      errors.push({ path: 'allow_weak', message: `must be true for a key under ${STRONG_LENGTH} characters` })
    if (cidrs.length === 0) errors.push({ path: 'cidrs', message: 'must be given for a weak key' })
    if (expires_at === null) errors.push({ path: 'expires_at', message: 'must be given for a weak key' })
  }
  return errors
}
