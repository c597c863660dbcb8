import { XMLParser, XMLValidator } from 'fast-xml-parser'

/**
 * Answers in XML as objects: elements without their prefixes, attributes as `@name`, repeated elements as lists.
 * A document type or an entity of its own is refused: they exist to make a small answer large, or to read files (XXE).
 */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  processEntities: false,
  cdataPropName: '#cdata',
})

/** XML 1.0 §4.6. */
const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g

/** `undefined` for what is not XML, and for XML that is refused. */
export function parseXml(text: string): unknown {
  if (/<!\s*(DOCTYPE|ENTITY)/i.test(text) || XMLValidator.validate(text) !== true) return undefined
  if (hasForeignEntity(text)) return undefined
  try {
    return parser.parse(text)
  } catch {
    return undefined
  }
}

function hasForeignEntity(text: string): boolean {
  const markup = withoutVerbatim(text)
  const rest = markup?.replace(REFERENCE, (_, decimal?: string, hex?: string, name = '') =>
    (decimal ?? hex) !== undefined || Object.hasOwn(PREDEFINED, name) ? '' : '&',
  )
  return rest === undefined || rest.includes('&')
}

/** Without CDATA and comments, in which `&` is only a sign; `undefined` when one does not end. Each sign is looked at once. */
function withoutVerbatim(text: string): string | undefined {
  const parts: string[] = []
  const opening = /<!\[CDATA\[|<!--/g
  let end = 0
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const closing = match[0] === '<!--' ? '-->' : ']]>'
    const at = text.indexOf(closing, opening.lastIndex)
    if (at < 0) return undefined
    parts.push(text.slice(end, match.index))
    end = at + closing.length
    opening.lastIndex = end
  }
  return [...parts, text.slice(end)].join('')
}

/** The text of an element or attribute; an element that has elements has none. */
export function xmlText(value: unknown): string | undefined {
  if (typeof value === 'string') return decoded(value)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  if (Object.keys(value).some((key) => !key.startsWith('#') && !key.startsWith('@'))) return undefined
  const { '#text': text = '', '#cdata': cdata = '' } = value as Readonly<Record<string, unknown>>
  return decoded(String(text)) + [cdata].flat().join('')
}

function decoded(text: string): string {
  return text.replace(REFERENCE, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return PREDEFINED[name] ?? whole
    const code = Number.parseInt(decimal ?? hex ?? '', decimal === undefined ? 16 : 10)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
