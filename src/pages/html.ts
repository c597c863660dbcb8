import { attributeFault, isAddress, type Slot, slotsOf } from './template.ts'

/** Only this module makes one, so what is `Html` has been escaped. */
class EscapedHtml {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  static textOf(value: EscapedHtml): string {
    return value.#text
  }

  toString(): string {
    return this.#text
  }
}

/** Attributes of a tag, each with a space before it. */
class TagAttributes extends EscapedHtml {}

/** A piece of a page. Strings put into a page are text; only this is markup. */
export type Html = EscapedHtml
export type Attributes = TagAttributes

export type Content = string | number | Html | null | undefined | false | readonly Content[]

const templates = new WeakMap<TemplateStringsArray, readonly Slot[]>()

/**
 * The template of every page. What stands in a slot is escaped for the place where it stands; `null`, `undefined` and `false` are
 * nothing; lists are put one after the other. Throws on a slot that cannot be made safe, and on a value that does not fit its slot.
 *
 * ```ts
 * html`<a href="${address}"${attributes({ id })}>${name}</a>`
 * ```
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  const slots = templates.get(parts) ?? slotsOf(parts)
  templates.set(parts, slots)
  let text = parts[0] as string
  for (const [i, value] of values.entries()) text += fill(slots[i] as Slot, value) + parts[i + 1]
  return new EscapedHtml(text)
}

/** `true` is an attribute without value; `undefined` and `false` leave it out. Addresses go into the template, where they are checked. */
export function attributes(values: Readonly<Record<string, string | number | boolean | undefined>>): Attributes {
  let text = ''
  for (const [name, value] of Object.entries(values)) {
    const fault = attributeFault(name) ?? (isAddress(name) ? `${name} holds an address` : undefined)
    if (fault !== undefined) throw new Error(`An attribute cannot be set: ${fault}.`)
    if (value === true) text += ` ${name}`
    else if (value !== undefined && value !== false) text += ` ${name}="${escaped(String(value))}"`
  }
  return new TagAttributes(text)
}

/** The five characters that end a text or a quoted attribute, or begin something else (HTML §13.2.5.1, §13.2.5.36). */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function fill(slot: Slot, value: Content): string {
  switch (slot) {
    case 'text':
      return textOf(value)
    case 'attributes':
      if (value instanceof TagAttributes) return EscapedHtml.textOf(value)
      if (value === undefined || value === null || value === false) return ''
      throw new Error('Between the attributes of a tag stands only what attributes() made.')
    case 'address':
      return escaped(address(value))
    case 'value':
      if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
      throw new Error('The value of an attribute is a string or a number.')
  }
}

function textOf(value: Content): string {
  if (value === undefined || value === null || value === false) return ''
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  if (value instanceof TagAttributes) throw new Error('Attributes do not stand between tags.')
  if (value instanceof EscapedHtml) return EscapedHtml.textOf(value)
  if (Array.isArray(value)) return value.map(textOf).join('')
  throw new Error(`A page cannot show a ${typeof value}.`)
}

/** An address of the web or of this site: never `javascript:`, never `//other.host`, which looks like a path. */
function address(value: Content): string {
  if (typeof value === 'string' && isWebAddress(value)) return value
  throw new Error('An address in a page begins with https://, http://, /, ? or #.')
}

/** Browsers drop tabs and line breaks and read `\` as `/` (URL §4.4): with one of those, an address is not what it seems. */
export function isWebAddress(text: string): boolean {
  if (/[\u0000-\u0020\\\u007f]/.test(text)) return false
  if (/^https?:\/\//i.test(text)) return URL.canParse(text)
  return /^(\/(?!\/)|\?|#)/.test(text)
}
