/** The grammar of templates: text, `${root.name}`, and `${name(argument, ...)}` whose arguments are references, calls and 'texts'. */

export type Root = 'settings' | 'secrets' | 'token'

export type Expression =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly from: Root; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }

const PLAIN = /\$\{([^}]*)\}?/y
const REFERENCE = /(settings|secrets|token)\.([A-Za-z][A-Za-z0-9_]{0,63})(?![A-Za-z0-9_.])/y
const CALL = /([a-z][a-z0-9_]*)\s*\(/y
const MAX_DEPTH = 20

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', "'": "'", '\\': '\\' }

/** Throws an `Error` that names what it cannot read. */
export function parseTemplate(text: string): Expression[] {
  const parts: Expression[] = []
  let end = 0
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', end)) {
    if (start > end) parts.push({ kind: 'text', text: text.slice(end, start) })
    const [part, after] = placeholder(text, start)
    parts.push(part)
    end = after
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

function placeholder(text: string, start: number): [Expression, number] {
  const reader = new Reader(text, start + 2)
  reader.spaces()
  if (reader.sees(CALL)) {
    const call = reader.call(1)
    reader.spaces()
    reader.expect('}')
    return [call, reader.at]
  }
  PLAIN.lastIndex = start
  const [written = '', inside = ''] = PLAIN.exec(text) ?? []
  return [plain(written, inside), start + written.length]
}

function plain(written: string, inside: string): Expression {
  REFERENCE.lastIndex = 0
  const [whole, from, name] = REFERENCE.exec(inside) ?? []
  if (written.endsWith('}') && whole === inside && name !== undefined)
    return { kind: 'reference', from: from as Root, name }
  throw new Error(`${written} is not \${settings.name}, \${secrets.name} or \${token.name}`)
}

class Reader {
  at: number
  readonly #text: string
  readonly #start: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#start = at - 2
    this.at = at
  }

  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    return pattern.test(this.#text)
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.#text)
    if (match !== null) this.at += match[0].length
    return match
  }

  spaces(): void {
    this.take(/\s*/y)
  }

  expect(sign: string): void {
    if (this.#text[this.at] !== sign) throw this.#fault(`needs "${sign}"`)
    this.at++
  }

  call(depth: number): Expression {
    if (depth > MAX_DEPTH) throw this.#fault('is nested too deeply')
    const name = this.take(CALL)?.[1] ?? ''
    const args: Expression[] = []
    this.spaces()
    while (this.#text[this.at] !== ')') {
      if (args.length > 0) this.expect(',')
      args.push(this.#argument(depth))
      this.spaces()
    }
    this.at++
    return { kind: 'call', name, args }
  }

  #argument(depth: number): Expression {
    this.spaces()
    if (this.#text[this.at] === "'") return this.#quoted()
    if (this.sees(CALL)) return this.call(depth + 1)
    const [, from, name] = this.take(REFERENCE) ?? []
    if (name === undefined) throw this.#fault(`needs a 'text', settings.name, secrets.name, token.name or a function`)
    return { kind: 'reference', from: from as Root, name }
  }

  #quoted(): Expression {
    const [, raw] = this.take(/'((?:[^'\\]|\\[nrt'\\])*)'/y) ?? []
    if (raw === undefined)
      throw this.#fault("has a text that does not end, or a \\ before something else than n, r, t, ' or \\")
    return { kind: 'text', text: raw.replace(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign) }
  }

  #fault(what: string): Error {
    const written = this.#text.slice(this.#start, this.#start + 60)
    return new Error(`${written} is not a template: it ${what} at character ${this.at + 1}`)
  }
}
