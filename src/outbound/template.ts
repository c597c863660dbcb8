import { type Place, placeFault } from './places.ts'

/**
 * `${settings.x}` and `${secrets.x}` in the texts of a connector file. No expressions: what a connector may do can be read off it.
 * Names are checked when the connector is loaded, so a misspelt name is a fault of the file and never an empty header later.
 */

/** `settings.x` or `secrets.x`. */
export type Reference = `settings.${string}` | `secrets.${string}`

export interface TemplateValues {
  readonly settings: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>> | undefined
}

export interface Template {
  readonly text: string
  readonly references: readonly Reference[]
  /** `undefined` when a value that it needs is absent: what was optional is then left out as a whole. */
  render(values: TemplateValues): string | undefined
}

const REFERENCE = /\$\{([^}]*)\}?/g
const NAME = /^(settings|secrets)\.([A-Za-z][A-Za-z0-9_]{0,63})$/

type Part = string | { readonly from: 'settings' | 'secrets'; readonly name: string }

/** Throws an `Error` whose message names the unknown or malformed reference. */
export function compileTemplate(text: string, allowed: ReadonlySet<string>): Template {
  const parts = split(text, allowed)
  const references = parts.flatMap((part): Reference[] =>
    typeof part === 'string' ? [] : [`${part.from}.${part.name}`],
  )
  return { text, references, render: (values) => render(parts, values) }
}

function split(text: string, allowed: ReadonlySet<string>): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(REFERENCE)) {
    if (match.index > end) parts.push(text.slice(end, match.index))
    parts.push(reference(match[0], match[1] ?? '', allowed))
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push(text.slice(end))
  return parts
}

function reference(written: string, inside: string, allowed: ReadonlySet<string>): Part {
  const [, from, name] = NAME.exec(inside) ?? []
  if (!written.endsWith('}') || from === undefined || name === undefined)
    throw new Error(`${written} is not \${settings.name} or \${secrets.name}`)
  if (!allowed.has(inside))
    throw new Error(`\${${inside}} is not known here; known: ${[...allowed].join(', ') || 'nothing'}`)
  return { from: from as 'settings' | 'secrets', name }
}

function render(parts: readonly Part[], values: TemplateValues): string | undefined {
  let text = ''
  for (const part of parts) {
    const value = typeof part === 'string' ? part : given(part.name, values[part.from])
    if (value === undefined) return undefined
    text += value
  }
  return text
}

function given(name: string, values: Readonly<Record<string, string>> | undefined): string | undefined {
  return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined
}

/**
 * Compiles the texts of one connector and remembers where each setting and secret goes,
 * so that a value can be refused when it is given and not when it is sent.
 */
export class TemplateScope {
  readonly places = new Map<Reference, Set<Place>>()
  readonly #settings: readonly string[]
  readonly #secrets: readonly string[]

  constructor(settings: readonly string[], secrets: readonly string[]) {
    this.#settings = settings.map((name) => `settings.${name}`)
    this.#secrets = secrets.map((name) => `secrets.${name}`)
  }

  /** Settings only: for everything that may end up in a log, an error or an address. */
  public(text: string, place: Place): Template {
    return this.#compile(text, place, this.#settings)
  }

  /** Settings and secrets, `more` being the secrets that the scheme itself asks for. */
  private(text: string, place: Place, more: readonly string[] = []): Template {
    return this.#compile(text, place, [...this.#settings, ...this.#secrets, ...more.map((name) => `secrets.${name}`)])
  }

  #compile(text: string, place: Place, allowed: readonly string[]): Template {
    const template = compileTemplate(text, new Set(allowed))
    const fault = literalFault(place, template)
    if (fault !== undefined) throw new Error(`"${text}" ${fault}`)
    for (const name of template.references) {
      const places = this.places.get(name) ?? new Set()
      this.places.set(name, places.add(place))
    }
    return template
  }
}

/** What the file itself writes can be judged when it is loaded; addresses and names only as a whole. */
function literalFault(place: Place, { text, references }: Template): string | undefined {
  if (references.length === 0) return placeFault(place, text)
  return place === 'header_value' || place === 'user_name' ? placeFault(place, text.replace(REFERENCE, '')) : undefined
}
