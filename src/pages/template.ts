/**
 * Where a slot of an HTML template stands decides what may be put there: what is safe as text is not safe as an address, and what is
 * safe between quotes is not safe without them. A template is read once, when it is first used; one with a slot where no escaping
 * is enough does not render at all.
 */
export type Slot =
  /** Between tags. */
  | 'text'
  /** Inside the quotes of an attribute. */
  | 'value'
  /** The beginning of an attribute that browsers follow. */
  | 'address'
  /** Between the attributes of a tag. */
  | 'attributes'

/** Attributes that hold an address. */
const ADDRESSES = new Set(['href', 'src', 'action', 'formaction'])
/** Attributes whose value is run or parsed again: escaping for HTML does not make them safe. */
const RUN = /^(on.*|style|srcdoc)$/
const RAW_TEXT = /^<(script|style)\b/i

type Place = 'text' | 'tag' | 'value' | 'raw'

/** What each slot between the `parts` may hold. Throws where nothing may. */
export function slotsOf(parts: readonly string[]): readonly Slot[] {
  const reader = new Reader()
  return parts.map((part) => reader.read(part)).slice(0, -1)
}

export function isAddress(attribute: string): boolean {
  return ADDRESSES.has(attribute)
}

/** Why an attribute may not be given a value from outside, or `undefined`. */
export function attributeFault(name: string): string | undefined {
  if (!/^[a-z][a-z-]*$/.test(name)) return `${name} is not the name of an attribute`
  return RUN.test(name) ? `${name} is run by the browser and takes no slot` : undefined
}

class Reader {
  #place: Place = 'text'
  #attribute = ''
  /** The element whose content is neither text nor tags (HTML §13.2.5.2, §13.2.5.4). */
  #raw = ''

  read(part: string): Slot {
    for (let i = 0; i < part.length; i++) this.#step(part, i)
    return this.#slot(part)
  }

  #step(part: string, i: number): void {
    const char = part[i]
    if (this.#place === 'text' && char === '<') this.#open(part.slice(i))
    else if (this.#place === 'raw' && part.startsWith(`</${this.#raw}`, i)) this.#close()
    else if (this.#place === 'value' && char === '"') this.#place = 'tag'
    else if (this.#place === 'tag') this.#inTag(part, i)
  }

  #open(rest: string): void {
    if (!/^<(\/?[a-z]|!doctype)/i.test(rest))
      throw new Error(`A template has a tag that cannot be read: ${start(rest)}`)
    this.#raw = RAW_TEXT.exec(rest)?.[1]?.toLowerCase() ?? ''
    this.#place = 'tag'
  }

  #close(): void {
    this.#raw = ''
    this.#place = 'tag'
  }

  #inTag(part: string, i: number): void {
    const char = part[i]
    if (char === "'") throw new Error(`A template quotes an attribute with ': ${start(part.slice(i))}`)
    if (char === '>') this.#place = this.#raw === '' ? 'text' : 'raw'
    if (char !== '"') return
    const name = /\s([a-z][a-z-]*)="$/i.exec(part.slice(0, i + 1))?.[1]?.toLowerCase()
    if (name === undefined) throw new Error(`A template has a quote outside an attribute: ${start(part.slice(i))}`)
    this.#attribute = name
    this.#place = 'value'
  }

  #slot(part: string): Slot {
    switch (this.#place) {
      case 'text':
        return 'text'
      case 'value':
        return this.#inValue(part)
      case 'tag':
        if (part.endsWith('=')) throw new Error(`A template has a slot without quotes: ${part.slice(-40)}`)
        return 'attributes'
      case 'raw':
        throw new Error(`A template has a slot inside <${this.#raw}>, where nothing can be escaped.`)
    }
  }

  #inValue(part: string): Slot {
    const fault = attributeFault(this.#attribute)
    if (fault !== undefined) throw new Error(`A template has a slot where none may stand: ${fault}.`)
    if (!isAddress(this.#attribute)) return 'value'
    // "/" and "/evil.example" are harmless, and together they are another host.
    if (part === '') throw new Error('A template has two slots side by side in an address.')
    return part.endsWith('="') ? 'address' : 'value'
  }
}

function start(text: string): string {
  return text.slice(0, 40)
}
