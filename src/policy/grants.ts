import type { Connection, Grant } from '../core/types.ts'
import { refusalForm } from './path.ts'
import { methodMatches, parseRule, pathMatches, type Rule, splitPath, trimSlash } from './pattern.ts'

/** What the policy needs to know of a connector. */
export interface RightsOfConnector {
  readonly grants: Readonly<Record<string, readonly string[]>>
  readonly never: readonly string[]
}

export type Decision = 'allowed' | 'not_granted' | 'never_allowed'

/** The rights of one caller at one connection, compiled: asked once per call. */
export interface Rights {
  /** `params`: what the call chooses for itself; only a grant that lists the values lets it. */
  decide(method: string, path: string, params?: Readonly<Record<string, string>>): Decision
}

export function grantAppliesTo(grant: Grant, connection: Pick<Connection, 'id' | 'connector' | 'tags'>): boolean {
  if (grant.connection !== undefined) return grant.connection === connection.id
  if (grant.connector === undefined || grant.connector !== connection.connector) return false
  return hasTags(connection.tags, grant.tags ?? {})
}

export function hasTags(tags: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => tags[name] === value)
}

/** `METHOD /path` entries and names of the connector's grants → rules. A name that the connector no longer has grants nothing. */
export function expandAllow(allow: readonly string[], connector: Pick<RightsOfConnector, 'grants'>): readonly string[] {
  return allow.flatMap((entry) => (entry.includes(' ') ? [entry] : grantNamed(connector, entry)))
}

/** Own names only: `constructor` is not a grant. */
function grantNamed(connector: Pick<RightsOfConnector, 'grants'>, name: string): readonly string[] {
  return Object.hasOwn(connector.grants, name) ? (connector.grants[name] as readonly string[]) : []
}

/** Capitals only (RFC 9110 §9.1: methods are case-sensitive); some servers take `delete` for `DELETE`, so it is never let through. */
const METHOD = /^[A-Z]+(?:-[A-Z]+)*$/

export function compileRights(grants: readonly Grant[], connection: Connection, connector: RightsOfConnector): Rights {
  const applying = grants.filter((grant) => grantAppliesTo(grant, connection))
  const rulesOf = (some: readonly Grant[]) =>
    compileRules(some.flatMap((grant) => expandAllow(grant.allow, connector)).map(parseRule))
  const opened = new Set(connection.options.allow_never ?? [])
  const never = connector.never.filter((rule) => !opened.has(rule))
  const isAllowed = rulesOf(applying)
  const isNever = never.length === 0 ? () => false : compileRefusals(never)
  return {
    decide(method, path, params = {}) {
      if (!METHOD.test(method) || !isAllowed(method, path)) return 'not_granted'
      const chosen = Object.entries(params)
      if (chosen.length > 0) {
        const letting = applying.filter((grant) => chosen.every(([name, value]) => lets(grant, name, value)))
        if (!rulesOf(letting)(method, path)) return 'not_granted'
      }
      return isNever(method, path) ? 'never_allowed' : 'allowed'
    },
  }
}

function lets({ params = {} }: Grant, name: string, value: string): boolean {
  return Object.hasOwn(params, name) && (params[name] as readonly string[]).includes(value)
}

type Matcher = (method: string, path: string) => boolean

/** Exact paths go into a set and `literal/**` into prefixes; only what is left walks segment by segment. */
export function compileRules(rules: readonly Rule[]): Matcher {
  const exact = new Set<string>()
  const prefixes: { rule: Rule; bare: string; below: string }[] = []
  const general: Rule[] = []
  for (const rule of rules) {
    const text = literalPath(rule)
    if (text === undefined) general.push(rule)
    else if (rule.rest) prefixes.push({ rule, bare: text, below: `${text}/` })
    else exact.add(`${rule.method} ${text}`)
  }
  return (method, path) => {
    const bare = trimSlash(path)
    if (exact.size > 0 && hasExact(exact, method, bare)) return true
    for (const { rule, bare: prefix, below } of prefixes) {
      if ((bare === prefix || path.startsWith(below)) && methodMatches(rule, method)) return true
    }
    if (general.length === 0) return false
    const segments = splitPath(path)
    return general.some((rule) => methodMatches(rule, method) && pathMatches(rule, segments))
  }
}

function hasExact(exact: ReadonlySet<string>, method: string, path: string): boolean {
  return exact.has(`${method} ${path}`) || exact.has(`* ${path}`) || (method === 'HEAD' && exact.has(`GET ${path}`))
}

function literalPath(rule: Rule): string | undefined {
  let path = ''
  for (const segment of rule.segments) {
    if (segment.kind !== 'literal') return undefined
    path += `/${segment.text}`
  }
  return path
}

/** `never` rules are matched on the widest readings of the path (see `refusalForm`), on both sides. */
function compileRefusals(never: readonly string[]): Matcher {
  const rules = never.map((text) => foldRule(parseRule(text)))
  const refused = (method: string, segments: readonly string[]) =>
    rules.some((rule) => methodMatches(rule, method) && pathMatches(rule, segments))
  return (method, path) => {
    if (!/[%;A-Z]|\.(?:\/|$)/.test(path)) return refused(method, splitPath(path))
    return readingsOf(path).some((segments) => refused(method, segments))
  }
}

/** The segments of a path as the servers that are known to read most into it see them; to be matched on rules of `foldRule`. */
export function readingsOf(path: string): readonly (readonly string[])[] {
  const whole = refusalForm(path)
  // A service that takes an encoded slash as data sees one segment, another sees two: both readings count.
  const readings = [splitPath(path).map(refusalForm), splitPath(whole)]
  // A second server behind the first may read a decoded "?" or "#" as the end of the path.
  if (/[?#]/.test(whole)) readings.push(splitPath(whole.replace(/[?#].*$/s, '')))
  // Windows ignores dots and spaces at the end of a name.
  return [...readings, ...readings.map((segments) => segments.map((segment) => segment.replace(/[.\s]+$/, '')))]
}

export function foldRule(rule: Rule): Rule {
  const segments = rule.segments.map((segment) => {
    if (segment.kind === 'literal') return { kind: segment.kind, text: refusalForm(segment.text) }
    return segment.kind === 'glob' ? { ...segment, pieces: segment.pieces.map(refusalForm), explicit: true } : segment
  })
  return { ...rule, segments }
}
