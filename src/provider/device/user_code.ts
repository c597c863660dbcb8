/**
 * What people read off a device and type (RFC 8628 §6.1): no vowels, so that no word comes of it, and nothing that looks like something else.
 * 20^8 = 2.6 × 10^10, with a budget of tries and ten minutes of life. The library makes them so (`features.ts`).
 */
const SHAPE = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/
/** Nobody types more around eight letters. */
const MAX_TYPED = 40

/** As the library keeps it: whatever the case, with or without the dash; `undefined` for what cannot be one. */
export function readUserCode(typed: string | undefined): string | undefined {
  if (typed === undefined || typed.length > MAX_TYPED) return undefined
  const code = typed.toUpperCase().replace(/[\s\p{Dash}]/gu, '')
  return SHAPE.test(code) ? code : undefined
}

/** As the device shows it. */
export function shownUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}
