import { randomInt } from 'node:crypto'
import type { FactorStore } from '../../core/people_stores.ts'
import type { PeopleSecrets } from '../secrets.ts'

/** What a person keeps for the day on which the phone is gone. Each is good once; who has the paper has a second factor, no more. */

export const RECOVERY_CODES = 10
/** Without i, l, o and u: what is read from paper has one reading (Crockford's base32). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** 60 bits: far more than can be tried, and what is stored cannot be searched without the key that hashes it. */
const LENGTH = 12
const GROUP = 4

/** `7k3m-q0xv-9d2f` */
export function newRecoveryCode(): string {
  let code = ''
  for (let i = 0; i < LENGTH; i++) {
    if (i > 0 && i % GROUP === 0) code += '-'
    code += ALPHABET[randomInt(ALPHABET.length)]
  }
  return code
}

/** As it was given out, without its dashes; `undefined` for what is none. */
export function readRecoveryCode(typed: string): string | undefined {
  const code = typed
    .slice(0, 64)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Pd}]/gu, '')
    .replaceAll('o', '0')
    .replace(/[il]/g, '1')
  return /^[0-9a-hjkmnp-tv-z]{12}$/.test(code) ? code : undefined
}

/** Codes for a person to keep, and what is kept of them. */
export interface NewRecoveryCodes {
  readonly codes: readonly string[]
  readonly hashes: readonly string[]
}

export function newRecoveryCodes(secrets: PeopleSecrets): NewRecoveryCodes {
  const codes = new Set<string>()
  while (codes.size < RECOVERY_CODES) codes.add(newRecoveryCode())
  return { codes: [...codes], hashes: [...codes].map((code) => secrets.hash('recovery_code', readable(code))) }
}

/** Whether it was one of the account's that was not used yet; it is now. */
export async function spendRecoveryCode(
  { factors, secrets }: { readonly factors: Pick<FactorStore, 'useRecoveryCode'>; readonly secrets: PeopleSecrets },
  account: string,
  typed: string,
  now: Date,
): Promise<boolean> {
  const code = readRecoveryCode(typed)
  if (code === undefined) return false
  return factors.useRecoveryCode(account, secrets.hash('recovery_code', code), now.toISOString())
}

function readable(code: string): string {
  return code.replaceAll('-', '')
}
