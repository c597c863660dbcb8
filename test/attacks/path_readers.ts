/**
 * How well-known servers read a request target, as small models of their own documentation and sources; nothing of Octroi is used here.
 * Each gives the path that it decides on, or `undefined` where it answers 400.
 */
export type Reading = (target: string) => string | undefined

/** Bytes as the characters U+0000 to U+00FF: none of these servers cares for UTF-8 when it looks for slashes and dots. */
function decodeOnce(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** RFC 3986 §5.2.4, with slashes merged. `undefined`: it leads above the root and `strict` refuses that. */
function resolveDots(path: string, strict: boolean): string | undefined {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1
    if (segment === '..') {
      if (kept.length === 0 && strict) return undefined
      kept.pop()
    } else if (segment !== '' && segment !== '.') {
      kept.push(segment)
      continue
    }
    if (last) kept.push('')
  }
  return `/${kept.join('/')}`.replace(/\/+/g, '/')
}

const cut = (text: string, at: RegExp) => text.split(at, 1)[0] as string

/** `ngx_http_parse_complex_uri`: `#` and `?` end the path, then it is decoded once, slashes are merged, dots resolved; NUL is refused. */
export const nginxReads: Reading = (target) => {
  const decoded = decodeOnce(cut(target, /[?#]/))
  if (decoded === undefined || decoded.includes('\0')) return undefined
  return resolveDots(decoded, true)
}

/** `net/url` decodes the path once and keeps `#`; the path matcher cleans it and compares without regard to case. */
export const caddyReads: Reading = (target) => {
  if (/[\x00-\x20\x7f]/.test(target)) return undefined
  const decoded = decodeOnce(cut(target, /\?/))
  return decoded === undefined ? undefined : resolveDots(decoded, false)?.toLowerCase()
}

/** The escaped path is cleaned with its reserved characters still escaped, the others decoded. */
export const traefikReads: Reading = (target) => {
  if (/[\x00-\x20\x7f]/.test(target)) return undefined
  const raw = cut(target, /[?#]/)
  if (decodeOnce(raw) === undefined) return undefined
  const plain = raw.replace(/%([0-9a-f]{2})/gi, (escaped, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[!#$&'()*+,/:;=?@[\]%\\\x00-\x20\x7f-\xff]/.test(character) ? escaped.toUpperCase() : character
  })
  return resolveDots(plain, false)
}

/** A service, not a proxy: parameters go before the dots are resolved, `\` is a slash, and so is what decodes to one. */
export const tomcatReads: Reading = (target) => {
  const decoded = decodeOnce(cut(target, /[?#]/).replace(/;[^/]*/g, ''))
  if (decoded === undefined || decoded.includes('\0')) return undefined
  return resolveDots(decoded.replaceAll('\\', '/'), true)
}
