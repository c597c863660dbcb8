import { Generations } from '../core/generations.ts'
import type { Route } from '../core/program_types.ts'
import { foldRule, readingsOf } from './grants.ts'
import { type Rule, type Segment, segmentMatches, splitPath } from './pattern.ts'
import { parseRoutePath, patternText } from './routes.ts'

/** Capitals only (RFC 9110 §9.1: methods are case-sensitive); some servers take `delete` for `DELETE`, so it is nobody's. */
const METHOD = /^[A-Z]+(?:-[A-Z]+)*$/

/** Hosts come from callers: what was looked up is kept for so many of them at most. */
const KEPT_HOSTS = 1_000

type Glob = Extract<Segment, { kind: 'glob' }>

/** One place in the patterns of a host: where the segments up to here lead. Its order of trying is the order of being specific. */
class Node {
  readonly literals = new Map<string, Node>()
  digits: Node | undefined
  /** Most literal text first. */
  readonly globs: { readonly segment: Glob; readonly node: Node }[] = []
  /** Patterns that end here, and those that go on with `**`. */
  readonly ends = new Methods()
  readonly rests = new Methods()

  /** The place of this segment below, made if need be. */
  below(segment: Segment): Node {
    if (segment.kind === 'digits') {
      this.digits ??= new Node()
      return this.digits
    }
    if (segment.kind === 'literal') {
      const known = this.literals.get(segment.text) ?? new Node()
      this.literals.set(segment.text, known)
      return known
    }
    const text = segment.pieces.join('*')
    const known = this.globs.find((glob) => glob.segment.pieces.join('*') === text)
    if (known !== undefined) return known.node
    const node = new Node()
    this.globs.push({ segment, node })
    this.globs.sort((a, b) => literalLength(b.segment) - literalLength(a.segment))
    return node
  }

  find(method: string, segments: readonly string[], at: number): Route | undefined {
    if (at === segments.length) return this.ends.find(method) ?? this.rests.find(method)
    const text = segments[at] as string
    return (
      this.literals.get(text)?.find(method, segments, at + 1) ??
      this.#findLoose(method, segments, at, text) ??
      this.rests.find(method)
    )
  }

  #findLoose(method: string, segments: readonly string[], at: number, text: string): Route | undefined {
    if (this.digits !== undefined && /^[0-9]+$/.test(text)) {
      const found = this.digits.find(method, segments, at + 1)
      if (found !== undefined) return found
    }
    for (const { segment, node } of this.globs) {
      if (!segmentMatches(segment, text, true)) continue
      // What is cut away behind a decoded "?" may be the segments after it: only a pattern that ends here holds for both.
      const found = segmentMatches(segment, text, false)
        ? node.find(method, segments, at + 1)
        : ((at + 1 === segments.length ? node.ends.find(method) : undefined) ?? node.rests.find(method))
      if (found !== undefined) return found
    }
    return undefined
  }
}

function literalLength({ pieces }: Glob): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}

/** The routes of one place, by method: named before `*`, `HEAD` itself before `GET`. */
class Methods {
  readonly #named = new Map<string, Route>()
  #any: Route | undefined

  add(route: Route): void {
    for (const method of route.methods) {
      if (method === '*') this.#any ??= route
      else if (!this.#named.has(method)) this.#named.set(method, route)
    }
  }

  find(method: string): Route | undefined {
    return (
      (this.#named.size === 0 ? undefined : this.#named.get(method)) ??
      (method === 'HEAD' ? this.#named.get('GET') : undefined) ??
      this.#any
    )
  }
}

/** The patterns of one host, as they are and as the servers read them that make most of a path. */
class Host {
  readonly #exact = new Node()
  readonly #folded = new Node()
  /** Route → its pattern, folded. */
  readonly #places = new Map<Route, string>()
  /** A pattern that changes when it is folded: then plain paths have another reading too. */
  #folds = false
  /** Whether people sign in here: some route takes their session. */
  takesSessions = false

  add(route: Route): void {
    this.takesSessions ||= route.accept.kinds.includes('session')
    const rule = parseRoutePath(route.path)
    const folded = foldRule(rule)
    insert(this.#exact, rule, route)
    insert(this.#folded, folded, route)
    const place = patternText(folded)
    this.#places.set(route, place)
    this.#folds ||= patternText(rule) !== place
  }

  find(method: string, segments: readonly string[]): Route | undefined {
    return this.#exact.find(method, segments, 0)
  }

  findReading(method: string, segments: readonly string[]): Route | undefined {
    return this.#folded.find(method, segments, 0)
  }

  /** Who writes one route for `/a` and one for `/A` says that his service knows them apart. */
  keepsApart(one: Route, other: Route): boolean {
    return this.#places.get(one) === this.#places.get(other)
  }

  /** Whether some server may read another path than the plain one. */
  hasReadings(path: string): boolean {
    return this.#folds || READ_DIFFERENTLY.test(path)
  }
}

/** Escapes, parameters, capitals, and dots at the end of a name. */
const READ_DIFFERENTLY = /[%;A-Z]|\.(?:\/|$)/

function insert(root: Node, { segments, rest }: Rule, route: Route): void {
  let node = root
  for (const segment of segments) node = node.below(segment)
  if (rest) node.rests.add(route)
  else node.ends.add(route)
}

/** Every route, ready to be asked: compiled once, as long as the store stays as it is. */
export class RouteTable {
  readonly #exact = new Map<string, Host>()
  /** By what comes after the star, its dot included. */
  readonly #wildcards = new Map<string, Host>()
  readonly #everywhere = new Host()
  readonly #kept = new Generations<string, readonly Host[]>(KEPT_HOSTS)

  readonly routes: readonly Route[]

  constructor(routes: readonly Route[]) {
    this.routes = routes
    // Where two say the same (the store does not know what a conflict is), it is always the same one that holds.
    for (const route of routes.toSorted((a, b) => (a.id < b.id ? -1 : 1))) this.#hostOf(route.host).add(route)
  }

  /**
   * The most specific route for a request: host (exact, longest wildcard, `*`), then path segment by segment, then method. `path` is a
   * normalised one, `host` is canonical, without a port.
   */
  find(host: string, method: string, path: string): Route | undefined {
    if (!isServed(method)) return undefined
    const segments = splitPath(path)
    for (const candidate of this.#candidates(host)) {
      const found = candidate.find(method, segments)
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * The routes that the same request would have where servers read more into a path than it says: parameters dropped, escapes decoded,
   * one case. Who may pass here has to be let through by these as well, or `/ADMIN/` and `/admin;x/` would pass by the rule for `/**`.
   */
  others(host: string, method: string, path: string, found: Route): readonly Route[] {
    const candidates = this.#candidates(host)
    if (!candidates.some((candidate) => candidate.hasReadings(path))) return NONE
    const others = new Set<Route>()
    for (const segments of readingsOf(path)) {
      for (const candidate of candidates) {
        const other = candidate.findReading(method, segments)
        if (other === undefined) continue
        if (other !== found && !candidate.keepsApart(other, found)) others.add(other)
        break
      }
    }
    return others.size === 0 ? NONE : [...others]
  }

  /** Whether a route that names this host, or a domain above it, takes the sessions of people. Where any name is a host, none has one. */
  takesSessions(host: string): boolean {
    return this.#candidates(host).some((candidate) => candidate.takesSessions && candidate !== this.#everywhere)
  }

  #candidates(host: string): readonly Host[] {
    const kept = this.#kept.get(host)
    if (kept !== undefined) return kept
    const found = [this.#exact.get(host), ...this.#wildcardsOf(host), this.#everywhere].filter(
      (one) => one !== undefined,
    )
    this.#kept.set(host, found)
    return found
  }

  #wildcardsOf(host: string): (Host | undefined)[] {
    const found: (Host | undefined)[] = []
    for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
      found.push(this.#wildcards.get(host.slice(dot)))
    }
    return found
  }

  #hostOf(host: string): Host {
    if (host === '*') return this.#everywhere
    const [map, key] = host.startsWith('*.') ? [this.#wildcards, host.slice(1)] : [this.#exact, host]
    const known = map.get(key) ?? new Host()
    map.set(key, known)
    return known
  }
}

const NONE: readonly Route[] = []

/** `CONNECT` and `TRACE` are no route's, `*` or not. */
function isServed(method: string): boolean {
  return METHOD.test(method) && method !== 'CONNECT' && method !== 'TRACE'
}
