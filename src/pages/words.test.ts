import { describe, expect, it } from 'vitest'
import { ACCESS_WORDS } from './account_access_words.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { CONNECT_WORDS } from './connect_words.ts'
import { CONSENT_WORDS } from './consent_words.ts'
import type { Language } from './language.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { REFUSED_WORDS } from './sign_in_refused_words.ts'
import { STEP_WORDS } from './sign_in_step_words.ts'
import { SIGN_IN_WORDS } from './sign_in_words.ts'
import { WORDS } from './words.ts'

/** Every text of a table, those made from names too. */
function texts(table: unknown, path: string, sample: unknown = NAMES): [string, string][] {
  if (typeof table === 'string') return [[path, table]]
  if (typeof table === 'function') return texts(table(...Array(table.length).fill(sample)), path, sample)
  if (Array.isArray(table)) return table.flatMap((entry, i) => texts(entry, `${path}.${i}`, sample))
  // Markup, read as its reader does.
  if (String(table) !== '[object Object]') return [[path, String(table).replace(/<[^>]*>/g, '')]]
  return Object.entries(table as object).flatMap(([name, entry]) => texts(entry, `${path}.${name}`, sample))
}

/** An object with names that serves as a name, too. */
const NAMES = { service: 'NOM', host: 'NOM', installation: 'NOM', signInHost: 'NOM', toString: () => 'NOM' }

/** Their texts take strings and numbers alone. */
const OF_PEOPLE = {
  people: PEOPLE_WORDS,
  sign_in: SIGN_IN_WORDS,
  step: STEP_WORDS,
  refused: REFUSED_WORDS,
  account: ACCOUNT_WORDS,
  access: ACCESS_WORDS,
  consent: { en: withList('en'), fr: withList('fr') },
}

const french = all('fr')
const english = all('en')

function all(language: Language): [string, string][] {
  const people = Object.entries(OF_PEOPLE).flatMap(([name, table]) => texts(table[language], name, 'NOM'))
  // Of one there is another form than of many.
  const singular = Object.entries(OF_PEOPLE).flatMap(([name, table]) => texts(table[language], `${name} (1)`, 1))
  return [
    ...texts(WORDS[language], 'page'),
    ...texts(plain(CONNECT_WORDS[language]), 'connect'),
    ...people,
    ...singular.filter(([, text]) => !people.some(([, known]) => known === text)),
  ]
}

/** One of its texts takes a list. */
function withList(language: Language): object {
  const words = CONSENT_WORDS[language]
  return { ...words, resource: words.resource('NOM', ['NOM', 'NOM', 'NOM']) }
}

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

/** Words that the two languages share. */
const SAME = [
  'connect.codeLabel',
  'people.code',
  'account.organizations',
  'account.sections.sessions',
  'account.sections.applications',
]

describe('the French texts', () => {
  it('are as many as the English ones, and no text is left in English', () => {
    expect(french.map(([path]) => path)).toEqual(english.map(([path]) => path))
    expect(french.length).toBeGreaterThan(300)
    const shared = french.filter(([, text], i) => text === english[i]?.[1] && /[a-z]{3}/.test(text))
    expect(shared.map(([path]) => path)).toEqual(SAME)
  })
  it.each(french)('%s is set as French is', (_, text) => {
    // A no-break space before the high signs and inside the quotes; the apostrophe curved; no `...`.
    expect(text).not.toMatch(/ [:;!?»]|« |[^\s\u00a0\u202f][;!?»](\s|$)|[\wéè]:(\s|$)|'|\.\.\./)
  })
  it.each(french)('%s says vous', (_, text) => {
    expect(text).not.toMatch(/(?<![\p{L}-])(tu|te|toi|ton|ta|tes)(?![\p{L}-])/iu)
  })
})
