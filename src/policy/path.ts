import { OctroiError } from '../core/errors.ts'

/**
 * One reading of a request path. What `normalisePath` returns is what is decided on and what is sent, so a server behind us
 * cannot see another path than the one that was allowed. What different servers are known to read differently is refused:
 * dot segments, empty segments, encoded slashes, backslashes, controls, double encoding, invalid UTF-8 (RFC 3986 §6.2.2, §7.3).
 */
export interface PathOptions {
  /** The connector says that its service takes `%2F` as data inside a segment. */
  readonly encodedSlash?: boolean | undefined
}

/** Anything outside the plain characters, or an empty segment or one of dots only: look closer. Most paths pass this one test. */
const NEEDS_A_CLOSER_LOOK = /[^\w~!$&'()*+,=:@./-]|\/\/|\/\.+(?:\/|$)/

const UNRESERVED = /[A-Za-z0-9\-._~]/
const ENCODE = /["<>^`{|}]/g

export function normalisePath(path: string, options: PathOptions = {}): string {
  if (path.charCodeAt(0) !== 47) throw unsafe('The path must begin with "/".')
  if (!NEEDS_A_CLOSER_LOOK.test(path)) return path
  refuseRaw(path)
  const decoded = decodeUnreserved(path.replace(ENCODE, encodeCharacter), options)
  refuseSegments(decoded)
  return decoded
}

/**
 * The form in which `never` rules see a path: every escape decoded, compatibility characters folded, accents and invisible
 * characters dropped, parameters (`;x`) dropped, one case. A refusal must hold for every server's reading of the path, so it is
 * matched on the widest one. Upper case first: `ı` and `ſ` become `i` and `s` for a server that compares in capitals.
 */
export function refusalForm(path: string): string {
  const plain = path.includes('%') ? foldLetters(decodeURIComponent(path)) : path
  return (plain.includes(';') ? plain.replace(/;[^/]*/g, '') : plain).toUpperCase().toLowerCase()
}

function foldLetters(text: string): string {
  return text.normalize('NFKD').replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
}

function refuseRaw(path: string): void {
  if (/[\x00-\x20\x7f]/.test(path)) throw unsafe('The path contains a control character or a space.')
  if (/[^\x21-\x7e]/.test(path)) throw unsafe('The path contains a character outside ASCII; percent-encode it.')
  if (path.includes('\\')) throw unsafe('The path contains a backslash.')
  if (path.includes('#')) throw unsafe('The path contains "#".')
  if (path.includes('?')) throw unsafe('The path contains "?".')
}

function decodeUnreserved(path: string, options: PathOptions): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw unsafe('The path contains "%" that is not an escape.')
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    const code = Number.parseInt(hex, 16)
    const character = String.fromCharCode(code)
    if (code < 0x20 || code === 0x7f) throw unsafe('The path contains an encoded control character.')
    if (character === '\\') throw unsafe('The path contains an encoded backslash.')
    if (character === '/' && !options.encodedSlash) throw unsafe('The path contains an encoded slash.')
    return UNRESERVED.test(character) ? character : `%${hex.toUpperCase()}`
  })
}

function refuseSegments(path: string): void {
  if (/%25(?:[0-9A-Fa-f]{2})/.test(path)) throw unsafe('The path is encoded twice.')
  const segments = path.split('/')
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string
    if (segment === '' && i < segments.length - 1) throw unsafe('The path contains "//".')
    if (segment === '') continue
    const read = segment.includes('%') ? decodeSegment(segment) : segment
    // A slash is there only where the connector takes an encoded one as data; its service may resolve dots behind it all the same.
    for (const part of read.split('/')) refusePart(part, read !== part)
  }
}

/**
 * `..;x` is `..` and `;x` is nothing to servers that drop path parameters before they resolve segments (Tomcat and others);
 * spaces and dots at the end are nothing to Windows, invisible characters to some file systems.
 */
function refusePart(part: string, behindEncodedSlash: boolean): void {
  const name = (part.split(';', 1)[0] as string).replace(/[\s\p{Default_Ignorable_Code_Point}]/gu, '')
  if (name === '' && !(part === '' && behindEncodedSlash))
    throw unsafe('The path contains a segment that some servers read as empty.')
  if (/^\.+$/.test(name)) throw unsafe('The path contains a dot segment.')
}

/** What would become a delimiter of the path, or an escape, when compatibility characters are folded. */
const DELIMITERS = /[/\\;?#%]/g

/** The segment as a server that decodes and folds compatibility characters reads it. */
function decodeSegment(segment: string): string {
  let text: string
  try {
    text = decodeURIComponent(segment)
  } catch {
    throw unsafe('The path contains an escape that is not UTF-8.')
  }
  const folded = text.normalize('NFKC')
  if (/[\x00-\x1f\x7f-\x9f]/.test(folded)) throw unsafe('The path contains an encoded control character.')
  if (folded !== text && count(folded, DELIMITERS) !== count(text, DELIMITERS)) {
    throw unsafe('The path contains a character that some servers read as a slash or another delimiter.')
  }
  return folded
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function encodeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

function unsafe(detail: string): OctroiError {
  return new OctroiError('unsafe_path', detail)
}
