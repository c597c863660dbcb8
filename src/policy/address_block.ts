import { isIP } from 'node:net'
import { plainAddress } from './address.ts'

/**
 * Who shares a bucket with an address: nobody for IPv4, its /64 for IPv6, which is what one subscriber or one machine has at its choice
 * (RFC 6177 §2).
 */
export function addressBlock(address: string): string {
  const plain = plainAddress(address.replace(/%.*$/, ''))
  if (isIP(plain) !== 6) return plain
  const [head = '', tail] = canonical(plain).split('::')
  const first = groups(head)
  const last = groups(tail ?? '')
  const missing = tail === undefined ? [] : new Array(8 - first.length - last.length).fill('0')
  const all = [...first, ...missing, ...last]
  return isMapped(all) ? dotted(all) : `${all.slice(0, 4).join(':')}::/64`
}

/** RFC 5952: lower case, no leading zeros, no dotted part. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}

/** `::ffff:0:0/96`: IPv4 in another notation (RFC 4291 §2.5.5.2). */
function isMapped(all: readonly string[]): boolean {
  return all.slice(0, 5).every((group) => group === '0') && all[5] === 'ffff'
}

function dotted(all: readonly string[]): string {
  const [high, low] = [Number.parseInt(all[6] as string, 16), Number.parseInt(all[7] as string, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
