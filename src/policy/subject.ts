/**
 * Subjects of certificates in one form, so that one certificate has one name whatever wrote it: RFC 4514, the most specific part
 * first, types by their short names in capitals, values with as few escapes as the RFC allows.
 */

/** One relative distinguished name: usually one attribute, in old certificates several. */
type Part = readonly Attribute[]

interface Attribute {
  readonly type: string
  /** The text, or `#` and the hexadecimal BER encoding of what has no text (RFC 4514 §2.4). */
  readonly value: string
  readonly isEncoded: boolean
}

const MAX_LENGTH = 2_048

/** RFC 4514 §3, RFC 4519, RFC 2985 §5.2.1, and the other names that servers print for the same thing. */
const TYPES = new Map<string, string>([
  ['2.5.4.3', 'CN'],
  ['COMMONNAME', 'CN'],
  ['2.5.4.4', 'SN'],
  ['SURNAME', 'SN'],
  ['2.5.4.5', 'SERIALNUMBER'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['S', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'TITLE'],
  ['T', 'TITLE'],
  ['2.5.4.42', 'GN'],
  ['G', 'GN'],
  ['GIVENNAME', 'GN'],
  ['2.5.4.97', 'ORGANIZATIONIDENTIFIER'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['USERID', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'EMAILADDRESS'],
  ['E', 'EMAILADDRESS'],
  ['EMAIL', 'EMAILADDRESS'],
])

/**
 * The canonical form of a subject, given in RFC 4514 (`CN=till,O=Shop,C=FR`) or as OpenSSL used to print it (`/C=FR/O=Shop/CN=till`).
 * Throws `Error` saying what is wrong.
 */
export function canonicalSubject(text: string): string {
  if (text.length > MAX_LENGTH) throw new Error(`is longer than ${MAX_LENGTH} characters`)
  const parts = text.startsWith('/') ? oneLine(text) : new Reader(text).parts()
  return parts.map(written).join(',')
}

function written(part: Part): string {
  return part
    .map(({ type, value, isEncoded }) => `${type}=${isEncoded ? value : escaped(value)}`)
    .sort()
    .join('+')
}

/** RFC 4514 §2.4; control characters as hexadecimal pairs, so that the form is one line. */
function escaped(value: string): string {
  return value
    .replace(/[\\"+,;<>]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<!^\\) $/, '\\ ')
    .replace(/[\0-\x1f\x7f]/g, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/**
 * From the general to the specific. OpenSSL escapes a slash inside a value since version 3 and writes bytes outside ASCII as `\xC3`; other
 * servers do neither, so a slash is a sign of the value unless a `TYPE=` follows.
 */
function oneLine(text: string): Part[] {
  const parts = text.slice(1).split(/(?<!\\)\/(?=[A-Za-z][A-Za-z0-9.-]*=|\d+(?:\.\d+)+=)/)
  return parts.reverse().map((part) => {
    const equals = part.indexOf('=')
    if (equals === -1) throw new Error('is not a subject: a part has no "="')
    const value = textIn(decoded(bytesOf(part.slice(equals + 1))))
    return [{ type: typeOf(part.slice(0, equals)), value, isEncoded: false }]
  })
}

function bytesOf(value: string): Buffer[] {
  const signs = value.match(/\\x[0-9a-fA-F]{2}|\\[/+]|[^\\]+|\\/g) ?? []
  return signs.map((sign) => {
    if (/^\\x./.test(sign)) return Buffer.from(sign.slice(2), 'hex')
    return Buffer.from(/^\\./.test(sign) ? sign.slice(1) : sign)
  })
}

function typeOf(given: string): string {
  const type = given
    .trim()
    .toUpperCase()
    .replace(/^OID\./, '')
  if (!/^(?:[A-Z][A-Z0-9-]*|\d+(?:\.\d+)+)$/.test(type)) throw new Error('is not a subject: a part has no type')
  return TYPES.get(type) ?? type
}

function textIn(value: string): string {
  if (value === '') throw new Error('is not a subject: a part has no value')
  return value
}

/** RFC 4514 §3, with the quotes and semicolons of its predecessors (RFC 2253 §4) and spaces around the signs. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parts(): Part[] {
    const parts: Part[] = []
    do {
      const attributes: Attribute[] = []
      do attributes.push(this.#attribute())
      while (this.#takes('+'))
      parts.push(attributes)
    } while (this.#takes(',') || this.#takes(';'))
    return parts
  }

  #attribute(): Attribute {
    const equals = this.#text.indexOf('=', this.#at)
    if (equals === -1) throw new Error('is not a subject: a part has no "="')
    const type = typeOf(this.#text.slice(this.#at, equals))
    this.#at = equals + 1
    this.#skipSpaces()
    if (this.#text[this.#at] === '#') return { type, value: this.#encoded(), isEncoded: true }
    return { type, value: textIn(this.#takes('"') ? this.#quoted() : this.#plain()), isEncoded: false }
  }

  #encoded(): string {
    const [found = ''] = /^#(?:[0-9a-f]{2})+(?= *(?:[,;+]|$))/i.exec(this.#text.slice(this.#at)) ?? []
    if (found === '') throw new Error('is not a subject: "#" begins pairs of hexadecimal digits')
    this.#at += found.length
    this.#skipSpaces()
    return found.toLowerCase()
  }

  #quoted(): string {
    const bytes: Buffer[] = []
    while (!this.#takes('"')) bytes.push(this.#sign())
    this.#skipSpaces()
    if (this.#at < this.#text.length && !',;+'.includes(this.#text[this.#at] as string))
      throw new Error('is not a subject: something stands behind a quoted value')
    return decoded(bytes)
  }

  #plain(): string {
    const bytes: Buffer[] = []
    /** Spaces at the end do not count, unless they are escaped. */
    let kept = 0
    while (this.#at < this.#text.length && !',;+'.includes(this.#text[this.#at] as string)) {
      const isSpace = this.#text[this.#at] === ' '
      if ('"<>'.includes(this.#text[this.#at] as string)) throw new Error('is not a subject: a sign is not escaped')
      bytes.push(this.#sign())
      if (!isSpace) kept = bytes.length
    }
    return decoded(bytes.slice(0, kept))
  }

  /** One character, or what an escape stands for: a sign, or one byte of UTF-8. */
  #sign(): Buffer {
    const sign = this.#text.codePointAt(this.#at)
    if (sign === undefined) throw new Error('is not a subject: a value has no end')
    if (sign !== 0x5c) {
      this.#at += sign > 0xffff ? 2 : 1
      return Buffer.from(String.fromCodePoint(sign))
    }
    const [, pair, single] =
      /^\\(?:([0-9a-fA-F]{2})|([ "#+,;<=>\\]))/.exec(this.#text.slice(this.#at, this.#at + 3)) ?? []
    if (pair === undefined && single === undefined) throw new Error('is not a subject: "\\" escapes nothing')
    this.#at += pair === undefined ? 2 : 3
    return pair === undefined ? Buffer.from(single as string) : Buffer.from(pair, 'hex')
  }

  #takes(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false
    this.#at++
    return true
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }
}

function decoded(bytes: readonly Buffer[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes))
  } catch {
    throw new Error('is not a subject: an escape is not UTF-8')
  }
}
