import type { Language } from './language.ts'

/** What every page and form says. A language that lacks a text does not compile. */

const en = {
  required: 'required',
  optional: 'optional',
  allRequired: 'All fields are required.',
  problem: 'There is a problem',
  /** Before the title of a page that came back with faults. */
  faultyTitle: (title: string) => `Error: ${title}`,
  /** Before the message below a field, for those who hear it. */
  error: 'Error:',
  choose: 'Choose…',
  newTab: '(opens in a new tab)',
  /** The names of the languages stand in their own language. */
  switchLanguage: 'Language',
}

const fr: typeof en = {
  required: 'obligatoire',
  optional: 'facultatif',
  allRequired: 'Tous les champs sont obligatoires.',
  problem: 'Il y a un problème',
  faultyTitle: (title) => `Erreur\u00a0: ${title}`,
  error: 'Erreur\u00a0:',
  choose: 'Choisissez…',
  newTab: '(s’ouvre dans un nouvel onglet)',
  switchLanguage: 'Langue',
}

export const WORDS: Readonly<Record<Language, typeof en>> = { en, fr }

export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', fr: 'Français' }
