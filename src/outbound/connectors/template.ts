import { type Place, placeFault } from './places.ts'
import { type Moment, TEMPLATE_FUNCTIONS, type TemplateFunction } from './template_functions.ts'
import { type Expression, parseTemplate, type Root } from './template_parser.ts'

/**
 * `${settings.x}`, `${secrets.x}` and `${token.x}` in the texts of a connector file, plain or through functions
 * (`${base64(secrets.a, ':', secrets.b)}`): what a connector may do can be read off it.
 * Names are checked when the connector is loaded, so a misspelt name is a fault of the file and never an empty header later.
 */

/** `settings.x`, `secrets.x` or, for what an exchange yielded, `token.x`. */
export type Reference = `${Root}.${string}`

export interface TemplateValues {
  readonly settings: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>> | undefined
  readonly token?: Readonly<Record<string, string>> | undefined
  /** Only where `now`, `uuid` and `nonce` are allowed. */
  readonly moment?: Moment | undefined
}

export interface Template {
  readonly text: string
  readonly references: readonly Reference[]
  /** Those that only go through functions whose result is harmless wherever it is sent. */
  readonly wrapped: ReadonlySet<Reference>
  /** What the file itself writes, without the values. */
  readonly literal: string
  /** `undefined` when a value that it needs is absent: what was optional is then left out as a whole. */
  render(values: TemplateValues): string | undefined
}

export interface TemplateRules {
  /** `now`, `uuid` and `nonce` are allowed. */
  readonly step?: boolean | undefined
  /** Done to every value that is put in, not to the text around. */
  readonly encode?: ((value: string) => string) | undefined
}

type Part = string | { readonly from: Root; readonly name: string } | Computed
type Computed = (values: TemplateValues) => string | undefined

/** Throws an `Error` whose message names the unknown or malformed reference or function. */
export function compileTemplate(text: string, allowed: ReadonlySet<string>, rules: TemplateRules = {}): Template {
  const expressions = parseTemplate(text)
  for (const expression of expressions) check(expression, allowed, rules)
  const parts = expressions.map((expression) => partOf(expression, rules))
  const bare = referencesIn(expressions, false)
  const references = referencesIn(expressions, true)
  return {
    text,
    references,
    wrapped: new Set(references.filter((name) => !bare.includes(name))),
    literal: expressions.map((expression) => (expression.kind === 'text' ? expression.text : '')).join(''),
    render: (values) => render(parts, values),
  }
}

function check(expression: Expression, allowed: ReadonlySet<string>, rules: TemplateRules): void {
  if (expression.kind === 'text') return
  if (expression.kind === 'reference') {
    const name = `${expression.from}.${expression.name}`
    if (allowed.has(name)) return
    throw new Error(`\${${name}} is not known here; known: ${[...allowed].join(', ') || 'nothing'}`)
  }
  checkCall(expression.name, expression.args, rules)
  for (const argument of expression.args) check(argument, allowed, rules)
}

function checkCall(name: string, args: readonly Expression[], rules: TemplateRules): void {
  const known = Object.entries(TEMPLATE_FUNCTIONS).filter(([, { step }]) => !step || rules.step)
  const of = known.find(([key]) => key === name)?.[1]
  if (of === undefined)
    throw new Error(`${name}() is not a function here; known: ${known.map(([key]) => key).join(', ')}`)
  const { min, max } = of
  const wanted = max === Infinity ? `at least ${min}` : min === max ? `${min}` : `${min} to ${max}`
  if (args.length < min || args.length > max) throw new Error(`${name}() takes ${wanted} arguments, not ${args.length}`)
  const fault = of.fault?.(args.map((argument) => (argument.kind === 'text' ? argument.text : undefined)))
  const texts = of.fault === undefined || args.every(({ kind }) => kind === 'text')
  if (fault !== undefined || !texts) throw new Error(`${name}(): ${fault ?? "takes only 'texts'"}`)
}

function referencesIn(expressions: readonly Expression[], all: boolean): Reference[] {
  return expressions.flatMap((expression): Reference[] => {
    if (expression.kind === 'reference') return [`${expression.from}.${expression.name}`]
    if (expression.kind === 'text') return []
    return !all && functionOf(expression.name).harmless ? [] : referencesIn(expression.args, all)
  })
}

function partOf(expression: Expression, { encode }: TemplateRules): Part {
  if (expression.kind === 'text') return expression.text
  if (encode === undefined) return expression.kind === 'reference' ? expression : computed(expression)
  const compute = computed(expression)
  return (values) => {
    const value = compute(values)
    return value === undefined ? undefined : encode(value)
  }
}

function computed(expression: Expression): Computed {
  if (expression.kind === 'text') return () => expression.text
  if (expression.kind === 'reference') return (values) => given(expression.name, values[expression.from])
  const of = functionOf(expression.name)
  const args = expression.args.map(computed)
  return (values) => {
    const known = args.map((argument) => argument(values)).filter((value) => value !== undefined)
    return known.length === args.length || of.takesAbsent ? of.apply(known, values.moment) : undefined
  }
}

function functionOf(name: string): TemplateFunction {
  return TEMPLATE_FUNCTIONS[name] as TemplateFunction
}

function render(parts: readonly Part[], values: TemplateValues): string | undefined {
  let text = ''
  for (const part of parts) {
    const value = partValue(part, values)
    if (value === undefined) return undefined
    text += value
  }
  return text
}

function partValue(part: Part, values: TemplateValues): string | undefined {
  if (typeof part === 'string') return part
  return typeof part === 'function' ? part(values) : given(part.name, values[part.from])
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
  /** Settings that every connection may give in the place of what the file says: endpoints of a sandbox. */
  readonly overrides = new Set<string>()
  /** Whether the file names hosts that an address given by the service may be at. */
  readonly namesHosts: boolean
  readonly #settings: readonly string[]
  readonly #secrets: readonly string[]

  constructor(settings: readonly string[], secrets: readonly string[], hosts: readonly string[] = []) {
    this.namesHosts = hosts.length > 0
    this.#settings = settings.map((name) => `settings.${name}`)
    this.#secrets = secrets.map((name) => `secrets.${name}`)
  }

  /** Settings only: for everything that may end up in a log, an error or an address. */
  public(text: string, place: Place): Template {
    return this.#compile(text, place, this.#settings)
  }

  /** The same, unless the connection has a setting of this name: the file need not declare it. */
  overridable(name: string, template: Template): Template {
    if (this.#settings.includes(`settings.${name}`)) return template
    this.overrides.add(name)
    return { ...template, render: (values) => given(name, values.settings) ?? template.render(values) }
  }

  /** Settings, and values of the token that are not secret (an address that the service gave). */
  discovered(text: string, place: Place, token: readonly string[]): Template {
    return this.#compile(text, place, [...this.#settings, ...token.map((name) => `token.${name}`)])
  }

  /** Settings and secrets, `more` being the secrets that the scheme itself asks for and `token` the values that it yields. */
  private(text: string, place: Place, more: readonly string[] = [], token: readonly string[] = []): Template {
    const own = [...more.map((name) => `secrets.${name}`), ...token.map((name) => `token.${name}`)]
    return this.#compile(text, place, [...this.#settings, ...this.#secrets, ...own])
  }

  /** As `private`, and what only a request of an exchange has: `now`, `uuid`, `nonce`. */
  step(text: string, place: Place, names: StepNames, encode?: TemplateRules['encode']): Template {
    const own = [...names.secrets.map((name) => `secrets.${name}`), ...names.token.map((name) => `token.${name}`)]
    return this.#compile(text, place, [...this.#settings, ...this.#secrets, ...own], { step: true, encode })
  }

  #compile(text: string, place: Place, allowed: readonly string[], rules?: TemplateRules): Template {
    const template = compileTemplate(text, new Set(allowed), rules)
    const fault = literalFault(place, template)
    if (fault !== undefined) throw new Error(`"${text}" ${fault}`)
    for (const name of template.references) {
      const places = this.places.get(name) ?? new Set()
      const harmless = VALUES.has(place) && template.wrapped.has(name)
      this.places.set(name, places.add(harmless ? 'body' : place))
    }
    return template
  }
}

/** Names that a scheme itself knows, besides what the file declares. */
export interface StepNames {
  readonly secrets: readonly string[]
  readonly token: readonly string[]
}

/** Where a value stands by itself: base64 of a password may go where the password may not. */
const VALUES: ReadonlySet<Place> = new Set(['header_value', 'query_value', 'user_name', 'password', 'body'])

/** What the file itself writes can be judged when it is loaded; addresses and names only as a whole. */
function literalFault(place: Place, { text, literal }: Template): string | undefined {
  // A template is never its own literal text.
  if (literal === text) return placeFault(place, text)
  return place === 'header_value' || place === 'user_name' ? placeFault(place, literal) : undefined
}
