import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'

/** The single values of which signatures by a recipe are made: times, nonces, hashes, and how they are written. */

export const ALGORITHMS = ['sha256', 'sha1', 'sha384', 'sha512', 'md5'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

export const ENCODINGS = ['hex', 'hex_upper', 'base64', 'base64url', 'base64_of_hex'] as const
export type Encoding = (typeof ENCODINGS)[number]

export const KEY_ENCODINGS = ['utf8', 'hex', 'base64'] as const
export type KeyEncoding = (typeof KEY_ENCODINGS)[number]

export const NONCES = ['hex', 'base64', 'uuid'] as const

export interface Nonce {
  readonly text: string
  /** What the text says, before it was written down. */
  readonly bytes: Buffer
}

/** 128 random bits. */
export function nonce(format: (typeof NONCES)[number]): Nonce {
  if (format === 'uuid') {
    const text = randomUUID()
    return { text, bytes: Buffer.from(text) }
  }
  const bytes = randomBytes(16)
  return { text: bytes.toString(format), bytes }
}

const WRITTEN = {
  unix: (now) => String(Math.floor(now / 1000)),
  unix_ms: (now) => String(now),
  iso8601: (now) => `${new Date(now).toISOString().slice(0, 19)}Z`,
  iso8601_ms: (now) => new Date(now).toISOString(),
  compact: (now) => `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`,
  http_date: (now) => new Date(now).toUTCString(),
  rfc2822: (now) => new Date(now).toUTCString().replace('GMT', '-0000'),
} satisfies Record<string, (now: number) => string>

export type TimeFormat = keyof typeof WRITTEN
export const TIME_FORMATS = Object.keys(WRITTEN) as [TimeFormat, ...TimeFormat[]]

/** `now` in milliseconds since the epoch. */
export function timestamp(format: TimeFormat, now: number): string {
  return WRITTEN[format](now)
}

export function digest(algorithm: Algorithm, data: string | Uint8Array): Buffer {
  return createHash(algorithm).update(data).digest()
}

export function mac(algorithm: Algorithm, key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac(algorithm, key).update(data).digest()
}

export function written(bytes: Buffer, encoding: Encoding): string {
  switch (encoding) {
    case 'hex_upper':
      return bytes.toString('hex').toUpperCase()
    case 'base64_of_hex':
      return Buffer.from(bytes.toString('hex')).toString('base64')
    default:
      return bytes.toString(encoding)
  }
}

/** Throws an `Error` that says what is wrong and never a part of the key. */
export function keyBytes(text: string, encoding: KeyEncoding): Buffer {
  if (encoding === 'hex' && !/^([0-9A-Fa-f]{2})+$/.test(text)) throw new Error('is not hexadecimal')
  if (encoding === 'base64' && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw new Error('is not base64')
  if (text === '') throw new Error('is empty')
  return Buffer.from(text, encoding)
}
