import { scryptSync, timingSafeEqual } from 'node:crypto'
import { cost, type HashFamily, HashFault, required, type StoredHash } from './stored_hash.ts'

/** N = 2^20, r = 8 would take 1 GiB; passlib takes 64 MiB, Django 16 MiB. */
const MAX_MEMORY_KIB = 131_072
/** N · r · p: about a second. */
const MAX_WORK = 2 ** 22

interface Parameters {
  readonly n: number
  readonly r: number
  readonly p: number
}

/** Django: `scrypt$N$SALT$R$P$HASH`, the salt as text, the hash in base64. */
export const djangoScryptFamily: HashFamily = {
  begins: /^scrypt\$/,
  read(text) {
    const shape = /^scrypt\$(\d{1,10})\$([^$]{1,256})\$(\d{1,6})\$(\d{1,6})\$([A-Za-z0-9+/]{22,88}={0,2})$/
    const [, n, salt = '', r, p, hash = ''] = required(shape.exec(text), 'scrypt of Django')
    return stored(parameters(Number(n), r, p), Buffer.from(salt), Buffer.from(hash, 'base64'))
  },
}

/** passlib: `$scrypt$ln=16,r=8,p=1$SALT$HASH`, N = 2^ln, base64 without padding. */
export const passlibScryptFamily: HashFamily = {
  begins: /^\$scrypt\$/,
  read(text) {
    const shape = /^\$scrypt\$ln=([1-9]\d?),r=(\d{1,6}),p=(\d{1,6})\$([A-Za-z0-9+/]{0,1366})\$([A-Za-z0-9+/]{22,88})$/
    const [, ln, r, p, salt = '', hash = ''] = required(shape.exec(text), 'scrypt of passlib')
    return stored(parameters(2 ** Number(ln), r, p), Buffer.from(salt, 'base64'), Buffer.from(hash, 'base64'))
  },
}

function parameters(n: number, r: string | undefined, p: string | undefined): Parameters {
  // RFC 7914 §6.
  if (n < 2 || !Number.isInteger(Math.log2(n))) throw new HashFault('has a cost N that is no power of two')
  const found = { n, r: cost('block size', r, 1_024), p: cost('parallelism', p, 1_024) }
  cost('memory (KiB)', String(memoryOf(found)), MAX_MEMORY_KIB)
  cost('work (N · r · p)', String(found.n * found.r * found.p), MAX_WORK)
  return found
}

function memoryOf({ n, r, p }: Parameters): number {
  return Math.ceil((128 * r * (n + p)) / 1024)
}

function stored(cost: Parameters, salt: Buffer, hash: Buffer): StoredHash {
  const memory = memoryOf(cost)
  return {
    memory,
    isSlow: true,
    isOutdated: true,
    async matches(password) {
      // Node asks for a little more than the formula says.
      const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: (memory + 1_024) * 1024 }
      return timingSafeEqual(scryptSync(password, salt, hash.length, options), hash)
    },
  }
}
