/** `$SECRET(name)`, `$SECRET(connection:name)` and `$ENV(name)` in a text, as configurations written for Sesam have them. */

export interface Placeholder {
  readonly kind: 'SECRET' | 'ENV'
  /** Where none is written, the one that the command names. */
  readonly connection: string | undefined
  readonly name: string
  readonly start: number
  readonly end: number
}

export interface Misplaced {
  readonly start: number
  readonly message: string
}

/** `{{@ ... @}}` is filled in by somebody else, before or after us: what is inside is theirs. */
const TOKEN = /\{\{@[\s\S]*?@\}\}|\$(SECRET|ENV)\(([^()\r\n"']*)(\)?)/g

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/
const CONNECTION = /^[a-z0-9][a-z0-9._-]{0,63}$/

export function placeholdersIn(text: string): { found: Placeholder[]; faults: Misplaced[] } {
  const found: Placeholder[] = []
  const faults: Misplaced[] = []
  for (const match of text.matchAll(TOKEN)) {
    const [whole, kind, inside = '', close] = match
    if (kind === undefined) continue
    const at = { start: match.index, end: match.index + whole.length }
    const placeholder = read(kind as Placeholder['kind'], inside)
    if (close === ')' && placeholder !== undefined) found.push({ ...placeholder, ...at })
    else faults.push({ start: at.start, message: `$${kind}( is not followed by a name and ")"` })
  }
  return { found, faults }
}

function read(kind: Placeholder['kind'], inside: string): Omit<Placeholder, 'start' | 'end'> | undefined {
  const colon = kind === 'SECRET' ? inside.indexOf(':') : -1
  const connection = colon < 0 ? undefined : inside.slice(0, colon)
  const name = inside.slice(colon + 1)
  if (!NAME.test(name) || (connection !== undefined && !CONNECTION.test(connection))) return undefined
  return { kind, connection, name }
}

/** `value` is asked once for each; the text between stays as it is. */
export function fillIn(
  text: string,
  placeholders: readonly Placeholder[],
  value: (placeholder: Placeholder) => string,
): string {
  let end = 0
  let filled = ''
  for (const placeholder of placeholders) {
    filled += text.slice(end, placeholder.start) + value(placeholder)
    end = placeholder.end
  }
  return filled + text.slice(end)
}

/** `12:5`: line and column, from 1. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}
