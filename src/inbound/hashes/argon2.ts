import { argon2Sync, timingSafeEqual } from 'node:crypto'
import { COST, type PasswordHash } from '../phc.ts'
import { cost, type HashFamily, HashFault, required, type StoredHash } from './stored_hash.ts'

/** RFC 9106 §4 recommends 64 MiB for servers; Django takes 100 MiB. */
const MAX_MEMORY_KIB = 262_144
const MAX_PASSES = 16
const MAX_PARALLELISM = 8

const SHAPE =
  /^\$(argon2id|argon2i)\$v=(\d{1,3})\$m=([1-9]\d{0,8}),t=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** The PHC string format, also with Django's `argon2` before it. */
export const argon2Family: HashFamily = {
  begins: /^(?:argon2)?\$argon2/,
  read(text) {
    if (/\$argon2d\$/.test(text)) throw new HashFault('is argon2d, which is not for passwords (RFC 9106 §4): not taken')
    return stored(readArgon2(text.replace(/^argon2\$/, '$')))
  },
}

export interface Argon2Hash extends PasswordHash {
  readonly type: 'argon2id' | 'argon2i'
}

export function readArgon2(text: string): Argon2Hash {
  const [, type, version, m, t, p, salt = '', tag = ''] = required(SHAPE.exec(text), 'argon2')
  if (version !== '19') throw new HashFault('is argon2 of another version than 1.3 (v=19)')
  const [memory, passes] = [cost('memory', m, MAX_MEMORY_KIB), cost('passes', t, MAX_PASSES)]
  const parallelism = cost('parallelism', p, MAX_PARALLELISM)
  // RFC 9106 §3.1.
  if (memory < 8 * parallelism) throw new HashFault('has less than 8 KiB of memory for each lane')
  const bytes = (part: string) => Buffer.from(part, 'base64')
  return { type: type as Argon2Hash['type'], memory, passes, parallelism, salt: bytes(salt), tag: bytes(tag) }
}

function stored(hash: Argon2Hash): StoredHash {
  const { type, memory, passes, tag } = hash
  return {
    memory,
    isSlow: false,
    isOutdated: type !== 'argon2id' || memory < COST.memory || passes < COST.passes,
    matches: async (password) => timingSafeEqual(computeArgon2(hash, password), tag),
  }
}

/** Tens of milliseconds and more, in which nothing else happens: for the thread of hashes. */
export function computeArgon2(hash: Argon2Hash, password: string): Buffer {
  const { type, memory, passes, parallelism, salt, tag } = hash
  return argon2Sync(type, { message: password, nonce: salt, parallelism, tagLength: tag.length, memory, passes })
}
