/** An argon2id hash with what it was made from, as the PHC string format writes it (github.com/P-H-C/phc-string-format). */
export interface PasswordHash {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Buffer
  readonly tag: Buffer
}

/** A hash that asks for more would let whoever can store one keep the processors and the memory busy. RFC 9106 §4 recommends up to 64 MiB for this. */
const MAX_MEMORY_KIB = 262_144
const MAX_PASSES = 16
const MAX_PARALLELISM = 8

const SHAPE =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,8}),t=([1-9]\d{0,3}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>` */
export function phcOf({ memory, passes, parallelism, salt, tag }: PasswordHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(tag)}`
}

/** Undefined for what is not argon2id version 1.3, or costs more than is taken. */
export function readPhc(text: string): PasswordHash | undefined {
  const [, m, t, p, salt = '', tag = ''] = SHAPE.exec(text) ?? []
  if (m === undefined) return undefined
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)]
  if (memory > MAX_MEMORY_KIB || passes > MAX_PASSES || parallelism > MAX_PARALLELISM) return undefined
  // RFC 9106 §3.1: at least 8 KiB for each lane.
  if (memory < 8 * parallelism) return undefined
  return { memory, passes, parallelism, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

/** Base64 without padding. */
function bare(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
