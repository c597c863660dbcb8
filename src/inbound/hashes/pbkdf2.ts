import { pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { cost, type HashFamily, HashFault, required, type StoredHash } from './stored_hash.ts'

/** Django 6 makes 1.2 million; OWASP recommends 1.3 million for SHA-1. */
const MAX_ITERATIONS = 2_500_000

const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const
type Digest = keyof typeof DIGEST_BYTES

/** Django: `pbkdf2_sha256$ITERATIONS$SALT$HASH`, the salt as text, the hash in base64. */
export const djangoPbkdf2Family: HashFamily = {
  begins: /^pbkdf2_/,
  read(text) {
    const shape = /^pbkdf2_(sha256|sha1)\$(\d{1,10})\$([^$]{1,256})\$([A-Za-z0-9+/]{22,88}={0,2})$/
    const [, digest, iterations, salt = '', hash = ''] = required(shape.exec(text), 'PBKDF2 of Django')
    return stored(digest as Digest, iterations, Buffer.from(salt), Buffer.from(hash, 'base64'))
  },
}

/** passlib (and so Odoo): `$pbkdf2-sha512$ITERATIONS$SALT$HASH`, in base64 with `.` for `+` and without padding; `$pbkdf2$` is SHA-1. */
export const passlibPbkdf2Family: HashFamily = {
  begins: /^\$pbkdf2/,
  read(text) {
    const shape = /^\$pbkdf2(?:-(sha256|sha512|sha1))?\$(\d{1,10})\$([A-Za-z0-9./]{0,1366})\$([A-Za-z0-9./]{22,88})$/
    const [, digest = 'sha1', iterations, salt = '', hash = ''] = required(shape.exec(text), 'PBKDF2 of passlib')
    const bytes = (part: string) => Buffer.from(part.replaceAll('.', '+'), 'base64')
    return stored(digest as Digest, iterations, bytes(salt), bytes(hash))
  },
}

function stored(digest: Digest, written: string | undefined, salt: Buffer, hash: Buffer): StoredHash {
  const iterations = cost('iterations', written, MAX_ITERATIONS)
  if (hash.length !== DIGEST_BYTES[digest]) throw new HashFault(`has not the length of a ${digest} hash`)
  return {
    memory: 0,
    isSlow: true,
    isOutdated: true,
    matches: async (password) => timingSafeEqual(pbkdf2Sync(password, salt, iterations, hash.length, digest), hash),
  }
}
