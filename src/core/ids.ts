import { randomBytes, randomInt } from 'node:crypto'

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Ids that people choose: connections, accounts, connectors. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** `length` characters of a-z0-9, drawn evenly from the system's generator. */
export function randomId(length = 8): string {
  let id = ''
  for (let i = 0; i < length; i++) id += LOWER[randomInt(LOWER.length)]
  return id
}

/** Links, cookies, session tokens and codes that are handed out: 256 bits, 43 characters, stored as hashes only. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** An id of the same shape for a name: `Caisse n° 2` → `caisse-n-2`. Empty when nothing of the name can stay. */
export function slug(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 64)
    .replace(/-+$/, '')
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))
const prefix = randomBytes(6).toString('hex')
let sequence = randomInt(2 ** 31)

/** Request ids: unique, not secret, cheap (one per request). */
export function requestId(): string {
  sequence = (sequence + 1) >>> 0
  return `${prefix}${HEX[sequence >>> 24]}${HEX[(sequence >>> 16) & 255]}${HEX[(sequence >>> 8) & 255]}${HEX[sequence & 255]}`
}
