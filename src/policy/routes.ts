import { SocketAddress } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Route } from '../core/program_types.ts'
import { parseRule, type Rule, type Segment } from './pattern.ts'

/** What a route says: its host and path in their one form, whom it allows, and when two say the same. */

/** A name as DNS and container networks write it; labels are checked apart. */
const NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/**
 * `Shop.Example.org.` → `shop.example.org`; also `*.example.org` (one or more labels), `*`, an IPv4 address, or an IPv6 address in
 * brackets. Names outside ASCII become their A-labels (RFC 5891). Throws `Error` with what is wrong; the caller names the field.
 */
export function canonicalRouteHost(text: string): string {
  if (text === '*') return text
  if (text.startsWith('[')) return canonicalIpv6(text)
  const isWildcard = text.startsWith('*.')
  const name = canonicalName(isWildcard ? text.slice(2) : text, text)
  // No name ends in a number (RFC 3696 §2): what does is an address, or is read as one.
  if (/(?:^|\.)\d+$/.test(name) && (isWildcard || !IPV4.test(name))) throw new Error(`"${text}" is not a host name`)
  return isWildcard ? `*.${name}` : name
}

function canonicalName(given: string, text: string): string {
  if (given.includes(':')) throw new Error(`"${text}" has a port or a scheme; a route names the host alone`)
  if (given.includes('*'))
    throw new Error(`"${text}": * stands alone or as the first label only, as in "*.example.org"`)
  const ascii = /[^\x21-\x7e]/.test(given) ? domainToASCII(given) : given.toLowerCase()
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii
  const isName =
    NAME.test(name) && name.length <= 253 && name.split('.').every((label) => label !== '' && label.length <= 63)
  if (!isName) throw new Error(`"${text}" is not a host name`)
  return name
}

function canonicalIpv6(text: string): string {
  try {
    if (!/^\[[0-9a-f:.]{2,45}\]$/i.test(text)) throw new Error('not in brackets')
    return `[${new SocketAddress({ address: text.slice(1, -1), family: 'ipv6' }).address}]`
  } catch {
    throw new Error(`"${text}" is not an IPv6 address in brackets`)
  }
}

/** The path pattern of a route, parsed as in grants. Throws `Error` with what is wrong. */
export function parseRoutePath(path: string): Rule {
  if (!path.startsWith('/')) throw new Error(`"${path}" does not begin with "/"`)
  if (/\s/.test(path)) throw new Error(`"${path}" contains a space`)
  try {
    return parseRule(`* ${path}`)
  } catch (error) {
    throw new Error((error as Error).message.replace('"* ', '"'))
  }
}

/** What is wrong with a path pattern; `undefined` when nothing is. */
export function routePathFault(path: string): string | undefined {
  try {
    parseRoutePath(path)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** One text for all spellings of a pattern: `/a/` and `/%61` are `/a`. */
export function canonicalRoutePath(path: string): string {
  return patternText(parseRoutePath(path))
}

export function patternText({ segments, rest }: Pick<Rule, 'segments' | 'rest'>): string {
  return `${segments.map((segment) => `/${segmentText(segment)}`).join('')}${rest ? '/**' : ''}` || '/'
}

function segmentText(segment: Segment): string {
  switch (segment.kind) {
    case 'literal':
      return segment.text
    case 'digits':
      return '{n}'
    case 'glob':
      return segment.pieces.join('*')
  }
}

/** Two routes that say the same: the same host, path and a method in common, or any method in both. */
export function routeConflict(
  a: Pick<Route, 'host' | 'path' | 'methods'>,
  b: Pick<Route, 'host' | 'path' | 'methods'>,
): boolean {
  if (a.host !== b.host || canonicalRoutePath(a.path) !== canonicalRoutePath(b.path)) return false
  return a.methods.some((method) => b.methods.includes(method))
}

/** Whom a route is asked about: a key with its own groups, or an account that calls in by itself. */
export interface Asker {
  readonly key_id: string | null
  readonly account: string
  readonly groups: readonly string[]
}

/** Whether somebody who proved who he is passes. An account stands for its keys too. */
export function routeAllows({ allow }: Pick<Route, 'allow'>, { key_id, account, groups }: Asker): boolean {
  return (
    allow.authenticated ||
    (key_id !== null && allow.keys.includes(key_id)) ||
    allow.accounts.includes(account) ||
    allow.groups.some((group) => groups.includes(group))
  )
}
