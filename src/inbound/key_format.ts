import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { OctroiError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'

/**
 * `oct_<kind>_<id: 8 of a-z0-9>_<secret: 32 base62><crc: 6 base62>`. The CRC-32 of all before it lets the gate and secret scanners
 * drop junk without a look-up; it authenticates nothing. 32 base62 characters are 190 bits.
 */
export interface FormattedKey {
  readonly id: string
  readonly key: string
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SHAPE = /^oct_[a-z]{2,8}_([a-z0-9]{8})_[0-9A-Za-z]{38}$/
const ANYWHERE = /oct_[a-z]{2,8}_[a-z0-9]{8}_[0-9A-Za-z]{38}/g

/** The kind says what the key is for: `key` for programs. */
export function generateKey(id: string = randomId(8), kind = 'key'): FormattedKey {
  let secret = ''
  for (let i = 0; i < 32; i++) secret += BASE62[randomInt(62)]
  const body = `oct_${kind}_${id}_${secret}`
  return { id, key: body + checksum(body) }
}

function checksum(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let i = 0; i < 6; i++) {
    text = BASE62[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  return text
}

/** Whether a text claims to be one of our keys (and so must have the right shape and checksum). */
export function looksLikeOurs(text: string): boolean {
  return text.startsWith('oct_')
}

export function isWellFormed(text: string): boolean {
  return SHAPE.test(text) && checksum(text.slice(0, -6)) === text.slice(-6)
}

/** Whether a whole key of ours stands anywhere in a text, also in percent-escapes: an address is logged as it was sent, or decoded. */
export function containsKey(text: string): boolean {
  const plain = text.includes('%') ? withoutEscapes(text) : text
  if (!plain.includes('oct_')) return false
  for (const [found] of plain.matchAll(ANYWHERE)) if (isWellFormed(found)) return true
  return false
}

/** Keys are ASCII: what is beyond stays as it is. */
function withoutEscapes(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** A key that strayed into a URL: it is as good as published. */
export function keyInUrl(): OctroiError {
  return new OctroiError(
    'invalid_request',
    'A key was sent in the URL, where logs keep it. Revoke it, and send the new one in a header.',
  )
}
