import { normalisePath } from './path.ts'

/** One piece of a pattern between two slashes. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** `{n}` */
  | { readonly kind: 'digits' }
  /** `*` inside a segment: the pieces around the stars. `explicit`: they name a delimiter that some servers cut at. */
  | { readonly kind: 'glob'; readonly pieces: readonly string[]; readonly explicit: boolean }

/** `METHOD path-pattern`, parsed. `rest` is a closing `**`. */
export interface Rule {
  readonly method: string
  readonly segments: readonly Segment[]
  readonly rest: boolean
  readonly text: string
}

/** Where servers are known to cut a segment: parameters, and (a second server behind the first) a decoded query or fragment. */
const CUT = /;|%3B|%3F|%23/
/** Of these, what takes the segments after it away as well. */
const CUT_ALL = /%3F|%23/

const RULE = /^(\*|[A-Z]{1,32}) (\/\S*)$/

/**
 * Reads `GET /api/user/{n}`: `*` is any run of characters inside one segment, `{n}` is digits, a closing `/**` is the rest (also
 * empty), `*` alone as the method is any method. Throws `Error` with what is wrong; the caller names the field.
 */
export function parseRule(text: string): Rule {
  const match = RULE.exec(text)
  if (!match) throw new Error(`"${text}" is not "METHOD /path" (the method in capitals, or * for any)`)
  const method = match[1] as string
  if (method === 'CONNECT' || method === 'TRACE') throw new Error(`${method} is never served`)
  const parts = trimSlash(match[2] as string)
    .split('/')
    .slice(1)
  const rest = parts.at(-1) === '**'
  if (rest) parts.pop()
  return { method, segments: parts.map((part) => parseSegment(part, text)), rest, text }
}

function parseSegment(part: string, rule: string): Segment {
  if (part === '') throw new Error(`"${rule}" contains "//"`)
  if (part.includes('**'))
    throw new Error(`"${rule}": ** stands only for the rest of the path, as a last segment of its own`)
  if (part === '{n}') return { kind: 'digits' }
  if (/[{}]/.test(part)) throw new Error(`"${rule}": {n} (digits), as a whole segment, is the only word in braces`)
  // The whole segment at once: a star is a plain character to the normaliser, and `.*` is no dot segment.
  const pieces = literal(part, rule).split('*')
  return pieces.length === 1
    ? { kind: 'literal', text: pieces[0] as string }
    : { kind: 'glob', pieces, explicit: pieces.some((piece) => CUT.test(piece)) }
}

/** Literal text in the same form in which paths are decided on. */
function literal(text: string, rule: string): string {
  try {
    return normalisePath(`/${text}`, { encodedSlash: true }).slice(1)
  } catch (error) {
    throw new Error(`"${rule}": ${(error as { detail?: string }).detail ?? 'not a path'}`)
  }
}

/** One trailing slash says nothing (`/a/` and `/a` are the same to a rule), and `/` itself is the empty list of segments. */
export function trimSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** `HEAD` is allowed where `GET` is. */
export function methodMatches(rule: Rule, method: string): boolean {
  return rule.method === '*' || rule.method === method || (method === 'HEAD' && rule.method === 'GET')
}

export function pathMatches(rule: Rule, segments: readonly string[]): boolean {
  const { segments: wanted, rest } = rule
  if (rest ? segments.length < wanted.length : segments.length !== wanted.length) return false
  for (let i = 0; i < wanted.length; i++) {
    if (!segmentMatches(wanted[i] as Segment, segments[i] as string, i === wanted.length - 1)) return false
  }
  return true
}

export function splitPath(path: string): readonly string[] {
  return trimSlash(path).split('/').slice(1)
}

/** `last`: no segment of the pattern comes after this one. */
export function segmentMatches(wanted: Segment, text: string, last: boolean): boolean {
  switch (wanted.kind) {
    case 'literal':
      return wanted.text === text
    case 'digits':
      return /^[0-9]+$/.test(text)
    case 'glob':
      return (
        text !== '' && globMatches(wanted.pieces, text) && (wanted.explicit || holdsWhenCut(wanted.pieces, text, last))
      )
  }
}

/**
 * `*.pdf` does not allow `secret.txt;.pdf`: a server that drops parameters would serve `secret.txt`. What a star lets through
 * must be allowed in the shorter reading too.
 */
function holdsWhenCut(pieces: readonly string[], text: string, last: boolean): boolean {
  const cut = text.search(CUT)
  if (cut === -1) return true
  return cut > 0 && (last || !CUT_ALL.test(text)) && globMatches(pieces, text.slice(0, cut))
}

/** Pieces in order, left-most first: linear, unlike a regular expression with several stars. */
function globMatches(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] as string
  const last = pieces.at(-1) as string
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  const end = text.length - last.length
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] as string
    const at = text.indexOf(piece, from)
    if (at === -1 || at + piece.length > end) return false
    from = at + piece.length
  }
  return true
}

/** Whether every request that `inner` allows is allowed by `outer` too. Says no when it is not sure. */
export function ruleCovers(outer: Rule, inner: Rule): boolean {
  if (outer.method !== '*' && outer.method !== inner.method && !(outer.method === 'GET' && inner.method === 'HEAD')) {
    return false
  }
  if (inner.rest && !outer.rest) return false
  if (outer.rest ? inner.segments.length < outer.segments.length : inner.segments.length !== outer.segments.length) {
    return false
  }
  const last = outer.segments.length - 1
  return outer.segments.every((segment, i) => segmentCovers(segment, inner.segments[i] as Segment, i === last))
}

function segmentCovers(outer: Segment, inner: Segment, last: boolean): boolean {
  if (inner.kind === 'literal') return segmentMatches(outer, inner.text, last)
  if (outer.kind === 'glob' && outer.pieces.every((piece) => piece === ''))
    return inner.kind === 'digits' || !inner.explicit
  if (outer.kind === 'digits') return inner.kind === 'digits'
  return outer.kind === 'glob' && inner.kind === 'glob' && outer.pieces.join('*') === inner.pieces.join('*')
}
