import type { FieldError } from '../core/errors.ts'
import type { ClaimMapping } from '../core/openid_types.ts'

/** Which claims an operator may give names of his own: none that the protocol means something by, and no two in one place. */

const SHAPE = /^[a-z][a-z0-9_]{0,62}(?:\.[a-z][a-z0-9_]{0,62})?$/

/**
 * What clients believe because the protocol says it (OpenID Connect Core 1.0 §2, §3.1.3.6; RFC 7519 §4.1; RFC 7800; RFC 9068 §2.2): who made
 * the token, for whom, about whom, how he proved himself.
 */
const OF_THE_PROTOCOL = new Set([
  'sub',
  'iss',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'auth_time',
  'acr',
  'amr',
  'nonce',
  'sid',
  'azp',
  'at_hash',
  'c_hash',
  's_hash',
  'cnf',
  'act',
  'events',
  'client_id',
  'scope',
  'typ',
  'email_verified',
])

/** Texts and lists of ours: nothing fits below them. */
const OURS = [
  'name',
  'preferred_username',
  'updated_at',
  'groups',
  'role',
  'organization',
  'organization_siret',
  'organization_label',
]

/** Names that every object has already: what reads a claim may find those instead. */
const OF_OBJECTS = new Set(['constructor', 'prototype', 'hasownproperty', 'valueof'])

/** What stands against the name of a claim, by itself. */
export function claimFault(claim: string): string | undefined {
  if (!SHAPE.test(claim))
    return 'must be small letters, digits and _, like department, with one dot for an object: profile.name'
  const [first = '', second] = claim.split('.')
  if (first === 'email') return 'is said by openid.email: email.from names the address that goes out'
  if (OF_THE_PROTOCOL.has(first)) return `cannot be ${first}: the protocol itself says what that is`
  if ([first, second].some((name) => name !== undefined && OF_OBJECTS.has(name)))
    return 'is a name that every object has'
  if (second !== undefined && OURS.includes(first)) return `leads into ${first}, which is no object`
  return undefined
}

/** What stands against them together: each once, and none inside another. `path` is that of the list. */
export function claimConflicts(path: string, claims: readonly Pick<ClaimMapping, 'claim'>[]): FieldError[] {
  const before = new Set<string>()
  return claims.flatMap(({ claim }, i) => {
    const other = [...before].find((one) => one === claim || one.startsWith(`${claim}.`) || claim.startsWith(`${one}.`))
    before.add(claim)
    if (other === undefined) return []
    const message = other === claim ? 'is there twice' : `and ${other} are in one another’s place: an object is no text`
    return [{ path: `${path}.${i}.claim`, message }]
  })
}
