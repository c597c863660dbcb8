import { type Html, html } from './html.ts'

export const LANGUAGES = ['en', 'fr'] as const
export type Language = (typeof LANGUAGES)[number]

/** A text that may come in several languages. A plain string is English: connector files are written in it. */
export type LocalText = string | { readonly en: string; readonly fr: string }

export interface LanguageWishes {
  /** `?lang=` of the address, or the hidden `lang` of a form. */
  readonly asked?: string | undefined
  /** `Accept-Language`. */
  readonly accepted?: string | undefined
}

/** What was asked for, else what the browser prefers (RFC 9110 §12.5.4), else English. */
export function chooseLanguage({ asked, accepted }: LanguageWishes): Language {
  return languageOf(asked ?? '') ?? preferred(accepted ?? '') ?? 'en'
}

/** The first of several that is one of ours (`ui_locales`: tags with spaces between them, the best liked first). */
export function languageIn(tags: string | undefined): Language | undefined {
  for (const tag of tags?.slice(0, 200).split(' ') ?? []) {
    const language = languageOf(tag)
    if (language !== undefined) return language
  }
  return undefined
}

/** `fr-CA` is French. */
function languageOf(tag: string): Language | undefined {
  const primary = tag.trim().toLowerCase().split('-')[0]
  return LANGUAGES.find((language) => language === primary)
}

function preferred(header: string): Language | undefined {
  const wishes = header.split(',').flatMap((range) => {
    const [tag = '', ...parameters] = range.split(';')
    const language = languageOf(tag)
    return language === undefined ? [] : [{ language, weight: weightOf(parameters) }]
  })
  // The sort is stable: of equal weights the first named wins.
  return wishes.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight)[0]?.language
}

/** A weight that cannot be read is none: what is not understood does not win. */
function weightOf(parameters: readonly string[]): number {
  const q = parameters
    .map((parameter) => parameter.trim().toLowerCase())
    .find((parameter) => parameter.startsWith('q='))
  if (q === undefined) return 1
  return /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0
}

/** An address of ours with the language added, for links and redirects; one that names a language already is left as it is. */
export function withLanguage(address: string, language: Language): string {
  if (/[?&]lang=/.test(address)) return address
  return `${address}${address.includes('?') ? '&' : '?'}lang=${language}`
}

/** The plain text, for attributes. */
export function inLanguage(text: LocalText, language: Language): string {
  return typeof text === 'string' ? text : text[language]
}

/** The text as it stands in a page: an English one on a French page says that it is, so that it is not read out as French (WCAG 3.1.2). */
export function spoken(text: LocalText, language: Language): Html {
  if (typeof text === 'string' && language !== 'en') return html`<span lang="en">${text}</span>`
  return html`${inLanguage(text, language)}`
}
