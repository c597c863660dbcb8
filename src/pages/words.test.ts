import { describe, expect, it } from 'vitest'
import { CONNECT_WORDS } from './connect_words.ts'
import { WORDS } from './words.ts'

/** Every text of a table, those made from names too. */
function texts(table: unknown, path: string): [string, string][] {
  if (typeof table === 'string') return [[path, table]]
  if (typeof table === 'function') return texts(table(...samples(table)), path)
  if (Array.isArray(table)) return table.flatMap((entry, i) => texts(entry, `${path}.${i}`))
  // Markup, read as its reader does.
  if (String(table) !== '[object Object]') return [[path, String(table).replace(/<[^>]*>/g, '')]]
  return Object.entries(table as object).flatMap(([name, entry]) => texts(entry, `${path}.${name}`))
}

/** An object with names that serves as a name, too. */
function samples(table: { length: number }): unknown[] {
  const names = { service: 'NOM', host: 'NOM', installation: 'NOM', signInHost: 'NOM' }
  return Array.from({ length: table.length }, () => ({ ...names, toString: () => 'NOM' }))
}

const french = [...texts(WORDS.fr, 'page'), ...texts(plain(CONNECT_WORDS.fr), 'connect')]
const english = [...texts(WORDS.en, 'page'), ...texts(plain(CONNECT_WORDS.en), 'connect')]

/** Texts that put a name into markup need a string there. */
function plain(table: typeof CONNECT_WORDS.en): Record<string, unknown> {
  const asker = { host: 'NOM', installation: 'NOM' }
  const { example, asks, leadingOn, identity, ...rest } = table
  return {
    ...rest,
    example: example('NOM'),
    asks: [asks(asker, 'NOM'), asks({ host: 'NOM' }, 'NOM')],
    leadingOn: leadingOn('NOM'),
    identity: identity('NOM'),
  }
}

describe('the French texts', () => {
  it('are as many as the English ones, and no text is left in English', () => {
    expect(french.map(([path]) => path)).toEqual(english.map(([path]) => path))
    expect(french.length).toBeGreaterThan(70)
    const shared = french.filter(([, text], i) => text === english[i]?.[1] && /[a-z]{3}/.test(text))
    expect(shared.map(([path]) => path)).toEqual(['connect.codeLabel'])
  })
  it.each(french)('%s is set as French is', (_, text) => {
    // A no-break space before the high signs and inside the quotes; the apostrophe curved; no `...`.
    expect(text).not.toMatch(/ [:;!?»]|« |[^\s\u00a0\u202f][;!?»](\s|$)|[\wéè]:(\s|$)|'|\.\.\./)
  })
  it.each(french)('%s says vous', (_, text) => {
    expect(text).not.toMatch(/(?<![\p{L}-])(tu|te|toi|ton|ta|tes)(?![\p{L}-])/iu)
  })
})
