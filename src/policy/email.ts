import { domainToASCII } from 'node:url'
import { canonicalIdentity } from './throttle.ts'

/** RFC 5321 §4.5.3.1: what a mail server has to take. */
const MAX_LOCAL = 64
const MAX_ADDRESS = 254

/** Quoted local parts, comments, routes and lists are not written by people, and are where parsers differ (RFC 5322 §3.4.1). */
const LOCAL = /^[^\s"(),:;<>@[\\\]]+$/
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * An e-mail address in the one form in which addresses are compared: compatibility forms, case and accents of the local part are folded; the
 * domain is in A-labels, where an accent makes another domain (UTS #46). `undefined` for what is no address: other than one `@`, a character that folds to `@` (U+FF20, U+FE6B), what is not seen, or
 * too long. It compares; mail goes to the address as it was written.
 */
export function canonicalEmail(text: string): string | undefined {
  if (text.length > 2 * MAX_ADDRESS) return undefined
  const given = text.trim()
  if (/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cs}\p{Co}]/u.test(given) || hidesAt(given)) return undefined
  const [name = '', domain = '', ...more] = given.split('@')
  const local = folded(name)
  if (more.length > 0 || local.length > MAX_LOCAL || !LOCAL.test(local)) return undefined
  const ascii = domainOf(domain)
  if (ascii === undefined) return undefined
  const address = `${local}@${ascii}`
  return address.length <= MAX_ADDRESS ? address : undefined
}

/** More `@` after folding than before it. */
function hidesAt(text: string): boolean {
  return [...text].some((character) => character !== '@' && /[@＠﹫]/.test(character.normalize('NFKC')))
}

function folded(text: string): string {
  const plain = canonicalIdentity(text).normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC')
  return canonicalIdentity(plain)
}

function domainOf(text: string): string | undefined {
  const ascii = /^[\x21-\x7e]*$/.test(text) ? text.toLowerCase() : domainToASCII(text)
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii
  // An address literal, or a number that some read as one, is no domain.
  return DOMAIN.test(name) && !/(?:^|\.)\d+$/.test(name) ? name : undefined
}
