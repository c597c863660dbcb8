import { canonicalEmail } from '../../policy/email.ts'
import { type Claims, SignInRefused } from '../method.ts'
import type { JwtClaims } from './oidc_jwt.ts'
import type { ResolvedOidc } from './oidc_resolved.ts'

type Mapping = Pick<ResolvedOidc, 'claims' | 'trust_email' | 'group_map'>

/** What an issuer says of a person, in our one shape. Nothing that it says is taken for more than it is: a `true` is `true`, not `"true"`. */
export function mapClaims(said: JwtClaims, mapping: Mapping): Claims {
  const { claims, trust_email: isTrusted } = mapping
  const email = emailOf(said, claims.email)
  const isVerified = claims.email_verified === null || at(said, claims.email_verified) === true
  return {
    name: nameOf(said, claims.name),
    email,
    emailVerified: email !== null && isTrusted && isVerified,
    groups: groupsOf(said, mapping),
    organizations: organizationsOf(said, claims.organizations),
  }
}

/** Throws `SignInRefused` for somebody of another directory, Workspace or domain than those that may sign in. */
export function checkBelongs(
  said: JwtClaims,
  { email, emailVerified }: Claims,
  settings: Pick<ResolvedOidc, 'tenant' | 'hosted_domain' | 'allowed_domains'>,
): void {
  const { tenant, hosted_domain: hosted, allowed_domains: domains } = settings
  const domain = emailVerified ? canonicalEmail(email ?? '')?.split('@')[1] : undefined
  const belongs =
    (tenant === undefined || (typeof said.tid === 'string' && said.tid.toLowerCase() === tenant.toLowerCase())) &&
    (hosted === undefined || said.hd === hosted) &&
    (domains.length === 0 || (domain !== undefined && domains.includes(domain)))
  if (!belongs) throw new SignInRefused('not_allowed', 'This account is of an organisation that may not sign in here.')
}

/** `sub`: never empty, at most 255 characters (OpenID Connect Core §2); a number only where the provider is known for it. */
export function subjectOf(sub: unknown, numeric: boolean): string | undefined {
  const text = numeric && Number.isSafeInteger(sub) ? String(sub) : sub
  return typeof text === 'string' && /^[^\p{C}]{1,255}$/u.test(text) ? text : undefined
}

/** What is at a JSON Pointer (RFC 6901). Own properties only: `constructor` is nowhere. */
export function at(json: unknown, pointer: string | null): unknown {
  if (pointer === null) return undefined
  let value = json
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

const MAX_LIST = 1_000

function textOf(value: unknown, longest: number): string | null {
  if (typeof value !== 'string') return null
  const text = value.normalize('NFC').replace(/\p{C}/gu, '').replace(/\s+/g, ' ').trim()
  return text === '' || text.length > longest ? null : text
}

function nameOf(said: JwtClaims, pointers: readonly string[]): string | null {
  const parts = pointers.map((pointer) => textOf(at(said, pointer), 200)).filter((part) => part !== null)
  return textOf(parts.join(' '), 200)
}

/** As it was written, where it is an address at all. */
function emailOf(said: JwtClaims, pointer: string | null): string | null {
  const email = at(said, pointer)
  return typeof email === 'string' && canonicalEmail(email) !== undefined ? email.trim() : null
}

/**
 * Null without a map. With one, a claim that is missing is one of somebody in no group: a right that is given by a group ends when the provider
 * no longer says so.
 */
function groupsOf(said: JwtClaims, { claims, group_map: map }: Mapping): Claims['groups'] {
  if (claims.groups === null || Object.keys(map).length === 0) return null
  const named = new Set(
    namesIn(at(said, claims.groups)).flatMap((name) => (Object.hasOwn(map, name) ? [map[name] as string] : [])),
  )
  return { named: [...named], range: [...new Set(Object.values(map))] }
}

function namesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.slice(0, MAX_LIST).filter((name) => typeof name === 'string')
  return value !== null && typeof value === 'object' ? Object.keys(value).slice(0, MAX_LIST) : []
}

/** Of the old shape (a list) and of ProConnect (one, in the claims themselves) alike. What has no SIRET is no organization that is known here. */
function organizationsOf(said: JwtClaims, mapping: ResolvedOidc['claims']['organizations']): Claims['organizations'] {
  if (mapping === null) return null
  const listed = mapping.list === null ? said : at(said, mapping.list)
  const found = new Map<string, { siret: string; label: string | null }>()
  for (const entry of [listed].flat().slice(0, MAX_LIST)) {
    const siret = siretOf(at(entry, mapping.siret))
    if (siret !== undefined && !found.has(siret))
      found.set(siret, { siret, label: textOf(at(entry, mapping.label), 200) })
  }
  return [...found.values()]
}

/** 14 digits (INSEE), which people group by spaces. */
function siretOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.replace(/\s/g, '') : ''
  return /^\d{14}$/.test(text) ? text : undefined
}
