import { argon2Family } from './argon2.ts'
import { bcryptFamily } from './bcrypt.ts'
import { djangoPbkdf2Family, passlibPbkdf2Family } from './pbkdf2.ts'
import { djangoScryptFamily, passlibScryptFamily } from './scrypt.ts'
import { shaCryptFamily } from './sha_crypt.ts'
import { type HashFamily, HashFault, type StoredHash } from './stored_hash.ts'

/** Every family of hashes that is taken. A family more is a file more, and a line here. */
const FAMILIES: readonly HashFamily[] = [
  argon2Family,
  bcryptFamily,
  djangoPbkdf2Family,
  passlibPbkdf2Family,
  djangoScryptFamily,
  passlibScryptFamily,
  shaCryptFamily,
]

/** Throws `HashFault`. */
export function readHash(text: string): StoredHash {
  const family = FAMILIES.find(({ begins }) => begins.test(text))
  if (family === undefined)
    throw new HashFault(
      'is of no kind that is taken: argon2, bcrypt, PBKDF2 or scrypt of Django or passlib, sha256-crypt, sha512-crypt',
    )
  return family.read(text)
}

/** What is wrong with a hash that somebody would have us store; `undefined`: nothing. Never the hash itself. */
export function hashFault(text: string): string | undefined {
  try {
    readHash(text)
    return undefined
  } catch (error) {
    if (error instanceof HashFault) return error.message
    throw error
  }
}
