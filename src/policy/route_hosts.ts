import { AddressSet } from './address.ts'

/** Hosts of routes, in canonical form. */

/** Whether some request could be for both. */
export function hostsMeet(a: string, b: string): boolean {
  if (a === b || a === '*' || b === '*') return true
  return isBelow(a, b) || isBelow(b, a)
}

/** Whether every host of `inner`, or it alone, is below the wildcard `outer`. */
function isBelow(inner: string, outer: string): boolean {
  return outer.startsWith('*.') && inner.endsWith(outer.slice(1))
}

const LOOPBACK = new AddressSet(['127.0.0.0/8', '::1/128'])

/** A name or an address of this machine only (RFC 6761 §6.3). */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || LOOPBACK.has(host.replace(/^\[|\]$/g, ''))
}
