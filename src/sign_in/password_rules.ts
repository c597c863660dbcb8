import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Which passwords people may choose (NIST SP 800-63B §5.1.1.2, OWASP ASVS 6.2): long enough, and not one that is guessed first. Nothing is
 * asked about capitals, digits or signs.
 */

const LEAST = 8
const MOST = 512

/** What is wrong with a password, in order of what is said first. */
export const PASSWORD_FAULTS = ['too_short', 'too_long', 'not_text', 'common', 'own_name'] as const
export type PasswordFault = (typeof PASSWORD_FAULTS)[number]

/** For people, as the rest of a sentence about the password. */
export const PASSWORD_FAULT_TEXTS: Readonly<Record<PasswordFault, string>> = {
  too_short: `must have at least ${LEAST} characters`,
  too_long: `must have at most ${MOST} characters`,
  not_text: 'must be text without control characters',
  common: 'is one of the most common passwords, which are guessed first',
  own_name: 'must not be the login, the name or the address of the account',
}

/** Whose password it is to be. */
export interface PasswordOwner {
  readonly id: string
  readonly name: string
  readonly email: string | null
}

/** Control characters, separators of lines, and halves of a character (RFC 8265 §4.2 disallows the first). */
const NOT_TEXT = /[\p{Cc}\p{Cs}\u2028\u2029]/u

/** `undefined`: it may be taken. `addresses`: further ones of the owner. */
export function passwordFault(
  password: string,
  owner: PasswordOwner,
  addresses: readonly string[] = [],
): PasswordFault | undefined {
  const composed = password.normalize('NFC')
  const length = [...composed].length
  if (length < LEAST) return 'too_short'
  if (length > MOST) return 'too_long'
  if (NOT_TEXT.test(composed)) return 'not_text'
  if (isCommon(composed)) return 'common'
  return isOwn(composed, owner, addresses) ? 'own_name' : undefined
}

function isCommon(password: string): boolean {
  const folded = fold(password)
  return common().has(folded) || isOneThing(folded)
}

/** One character, or a row of neighbours, however long: no list has them all. */
function isOneThing(folded: string): boolean {
  const steps = new Set<number>()
  const points = [...folded].map((character) => character.codePointAt(0) as number)
  for (let i = 1; i < points.length; i++) steps.add((points[i] as number) - (points[i - 1] as number))
  const [step] = steps
  return steps.size === 1 && Math.abs(step as number) <= 1
}

/** Also with other signs between or around them: `ada.lovelace`, `AdaLovelace!` */
function isOwn(password: string, { id, name, email }: PasswordOwner, addresses: readonly string[]): boolean {
  const bare = letters(password)
  const all = [
    id,
    name,
    ...[email ?? '', ...addresses].flatMap((address) => [address, address.split('@')[0] as string]),
  ]
  return all.some((text) => text !== '' && (fold(text) === fold(password) || letters(text) === bare) && bare !== '')
}

function letters(text: string): string {
  return fold(text).replace(/[^\p{L}\p{N}]/gu, '')
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

let loaded: ReadonlySet<string> | undefined

/** At first need: most processes never ask. Beside this file, as a source and in a release. */
function common(): ReadonlySet<string> {
  loaded ??= new Set(
    readFileSync(join(import.meta.dirname, 'common_passwords.txt'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  )
  return loaded
}
