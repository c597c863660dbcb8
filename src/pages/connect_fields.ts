import { fieldFault } from './connect_faults.ts'
import type { ConnectField } from './connect_view.ts'
import { CONNECT_WORDS } from './connect_words.ts'
import { type Content, type Html, html } from './html.ts'
import { type Language, spoken } from './language.ts'
import { multilinePart, type Part, passwordPart, selectPart, textPart } from './parts.ts'

/** A declared setting or secret as a part of the form. */
export function fieldPart(field: ConnectField, language: Language, marked: boolean): Html {
  const part = partOf(field, language, marked)
  if (field.options !== undefined)
    return selectPart({ ...part, options: field.options.map(optionOf), ...shown(field) }, language)
  if (field.multiline) return multilinePart({ ...part, ...shown(field) }, language)
  if (isHidden(field)) return passwordPart({ ...part, autocomplete: 'new-password' }, language)
  const inputMode = field.format === 'url' || field.format === 'hostname' ? 'url' : 'text'
  return textPart({ ...part, ...shown(field), autocomplete: 'off', inputMode }, language)
}

/** The name under which it is posted: the path by which validation names its faults (`settings.base_url`). */
export function postedName({ kind, name }: Pick<ConnectField, 'kind' | 'name'>): string {
  return `${kind}s.${name}`
}

export function isRequired({ optional, default: preset }: ConnectField): boolean {
  return optional !== true && preset === undefined
}

export function isHidden({ kind, secret }: ConnectField): boolean {
  return kind === 'secret' && secret !== false
}

export function partOf(field: ConnectField, language: Language, marked: boolean): Part {
  return {
    name: postedName(field),
    label: field.title,
    hint: hintOf(field, language),
    fault: field.error === undefined ? undefined : fieldFault(field.error, field, language),
    required: isRequired(field),
    marked,
  }
}

function hintOf({ description, example }: ConnectField, language: Language): Content {
  const words = CONNECT_WORDS[language]
  const texts = [description && spoken(description, language), example && words.example(example)].filter(Boolean)
  return texts.length === 0 ? undefined : html`${texts[0]}${texts.length > 1 && ' '}${texts[1]}`
}

/** A secret goes one way: what was typed is never written into a page, where caches, extensions and the next person may read it. */
function shown(field: ConnectField): { value?: string } {
  const value = isHidden(field) ? undefined : (field.value ?? field.default)
  return value === undefined ? {} : { value }
}

function optionOf(option: NonNullable<ConnectField['options']>[number]) {
  return typeof option === 'string' ? { value: option, label: { en: option, fr: option } } : option
}
