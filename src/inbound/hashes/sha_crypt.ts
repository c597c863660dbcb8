import { hash, timingSafeEqual } from 'node:crypto'
import { cost, type HashFamily, HashFault, required, type StoredHash } from './stored_hash.ts'

/** Above what passlib makes (535,000 and 656,000): about two seconds. */
const MAX_ROUNDS = 1_000_000
const MIN_ROUNDS = 1_000
const DEFAULT_ROUNDS = '5000'
/** Each round reads the password twice. */
const MAX_PASSWORD_BYTES = 512

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SHAPE = /^\$([56])\$(?:rounds=(\d{1,10})\$)?([^$\r\n]{0,16})\$([./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})$/

/** `crypt(3)` with SHA-256 (`$5$`) and SHA-512 (`$6$`): Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512". */
export const shaCryptFamily: HashFamily = {
  begins: /^\$[56]\$/,
  read(text) {
    const [, kind, rounds = DEFAULT_ROUNDS, salt = '', tail = ''] = required(SHAPE.exec(text), 'sha-crypt')
    const digest = kind === '5' ? 'sha256' : 'sha512'
    if (tail.length !== (kind === '5' ? 43 : 86)) throw new HashFault(`has not the length of a ${digest} hash`)
    const count = cost('rounds', rounds, MAX_ROUNDS)
    if (count < MIN_ROUNDS) throw new HashFault(`has fewer than ${MIN_ROUNDS} rounds, which crypt(3) does not make`)
    return stored({ digest, rounds: count, salt: Buffer.from(salt) }, tail)
  },
}

interface Parameters {
  readonly digest: 'sha256' | 'sha512'
  readonly rounds: number
  readonly salt: Buffer
}

function stored(parameters: Parameters, tail: string): StoredHash {
  return {
    memory: 0,
    isSlow: true,
    isOutdated: true,
    async matches(password) {
      const key = Buffer.from(password)
      if (key.length > MAX_PASSWORD_BYTES) return false
      return timingSafeEqual(Buffer.from(written(crypt(parameters, key))), Buffer.from(tail))
    },
  }
}

/** The numbers are those of the steps in the specification. */
function crypt({ digest, rounds, salt }: Parameters, key: Buffer): Buffer {
  const of = (...parts: readonly Buffer[]) => hash(digest, Buffer.concat(parts), 'buffer')
  // 4-8, 9-12
  const first = of(key, salt, key)
  const bits: Buffer[] = []
  for (let length = key.length; length > 0; length >>= 1) bits.push((length & 1) === 1 ? first : key)
  let last = of(key, salt, repeated(first, key.length), ...bits)
  // 13-16, 17-20
  const p = repeated(of(...new Array<Buffer>(key.length).fill(key)), key.length)
  const s = repeated(of(...new Array<Buffer>(16 + (last[0] as number)).fill(salt)), salt.length)
  // 21
  for (let round = 0; round < rounds; round++) {
    const isOdd = (round & 1) === 1
    const parts = [isOdd ? p : last]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(isOdd ? last : p)
    last = of(...parts)
  }
  return last
}

function repeated(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block)
}

/** 22: three bytes as four characters, in an order of its own for each digest. */
function written(digest: Buffer): string {
  const isLong = digest.length === 64
  const third = isLong ? 21 : 10
  let text = ''
  for (let i = 0; i < third; i++) {
    const byte = (at: number) => digest[((at + (isLong ? i : 2 * i)) % 3) * third + i] as number
    text += characters((byte(0) << 16) | (byte(1) << 8) | byte(2), 4)
  }
  if (isLong) return text + characters(digest[63] as number, 2)
  return text + characters(((digest[31] as number) << 8) | (digest[30] as number), 3)
}

function characters(value: number, count: number): string {
  let text = ''
  for (let i = 0; i < count; i++) text += ALPHABET[(value >> (6 * i)) & 63]
  return text
}
