import { describe, expect, it } from 'vitest'
import { chooseLanguage, languageIn, spoken, withLanguage } from './language.ts'

describe('the language of a page', () => {
  it.each<[string, string | undefined, string | undefined, string]>([
    ['nothing is said', undefined, undefined, 'en'],
    ['what was asked for', 'fr', 'en', 'fr'],
    ['what was asked for, in capitals', 'FR', undefined, 'fr'],
    ['asked for one that there is not: what the browser prefers', 'de', 'fr', 'fr'],
    ['the browser', undefined, 'fr-FR,fr;q=0.9,en;q=0.8', 'fr'],
    ['a regional French', undefined, 'fr-CA', 'fr'],
    ['the higher weight', undefined, 'en;q=0.5, fr;q=0.9', 'fr'],
    ['the first of equal weights', undefined, 'fr,en', 'fr'],
    ['one that there is, behind one that there is not', undefined, 'de,fr;q=0.3', 'fr'],
    ['refused by weight 0', undefined, 'fr;q=0', 'en'],
    ['a weight that cannot be read', undefined, 'fr;q=high', 'en'],
    ['a word that begins alike', undefined, 'frr', 'en'],
    ['any', undefined, '*', 'en'],
    ['rubbish', undefined, ';;q=,,=;', 'en'],
  ])('%s', (_, asked, accepted, language) => {
    expect(chooseLanguage({ asked, accepted })).toBe(language)
  })
})

describe('an address with its language', () => {
  it.each([
    ['/connect/x', '/connect/x?lang=fr'],
    ['?way=basic', '?way=basic&lang=fr'],
    ['/connect/x?lang=en', '/connect/x?lang=en'],
  ])('%s → %s', (address, expected) => {
    expect(withLanguage(address, 'fr')).toBe(expected)
  })
})

describe('a text of a connector', () => {
  it('English on a French page says that it is English', () => {
    expect(String(spoken('API <key>', 'fr'))).toBe('<span lang="en">API &lt;key&gt;</span>')
    expect(String(spoken('API <key>', 'en'))).toBe('API &lt;key&gt;')
  })
  it('in both languages, the one of the page', () => {
    expect(String(spoken({ en: 'Key', fr: 'Clé' }, 'fr'))).toBe('Clé')
  })
})

describe('the languages that an application asks for', () => {
  it.each([
    ['fr-CA en', 'fr'],
    ['de EN-gb fr', 'en'],
    ['de es', undefined],
    ['', undefined],
    [undefined, undefined],
    [`${'de '.repeat(100)}fr`, undefined],
  ])('%j: %s', (tags, expected) => {
    expect(languageIn(tags)).toBe(expected)
  })
})
