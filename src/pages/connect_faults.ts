import { ERROR_CODES, type ErrorCode } from '../core/errors.ts'
import type { ConnectFault, ConnectField } from './connect_view.ts'
import { CONNECT_WORDS, type ConnectWords } from './connect_words.ts'
import { type Content, html } from './html.ts'
import type { Language } from './language.ts'

/** Faults as people read them. Codes and messages of validation are for programs; here each becomes a sentence that says what to do. */

type General = keyof ConnectWords['faults']

const GENERAL: Readonly<Partial<Record<ConnectFault | 'unchosen', General>>> = {
  unchosen: 'fields',
  invalid_request: 'fields',
  secrets_required: 'fields',
  upstream_rejected_credential: 'refused',
  reconnect_required: 'refused',
  upstream_unreachable: 'unreachable',
  upstream_timeout: 'timeout',
  upstream_refused_address: 'address',
  insecure_upstream: 'address',
  unexpected_answer: 'unexpected',
  identity_changed: 'other_account',
  csrf_rejected: 'stale',
  rate_limited: 'later',
  busy: 'later',
}

/** Anything that is not the person's to mend is our own trouble. */
export function generalFault(fault: ConnectFault, service: string, language: Language): string {
  return CONNECT_WORDS[language].faults[GENERAL[fault] ?? 'ours'](service)
}

/** 422 for what the person can mend, the service's trouble too: an address may be wrong. Our own trouble keeps its 5xx, and never is a 4xx. */
export function faultStatus(fault: ConnectFault | 'unchosen'): number {
  const kind = GENERAL[fault]
  if (kind !== undefined && kind !== 'later') return 422
  const { status } = ERROR_CODES[fault as ErrorCode]
  return status >= 500 || kind === 'later' ? status : 500
}

/** What validation says (`src/outbound/connectors/connection_input.ts`, `places.ts`), by its beginning. A test holds the two together. */
const FIELD: readonly (readonly [RegExp, keyof ConnectWords['fieldFaults']])[] = [
  [/^(is required|may not be empty)/, 'required'],
  [/^(must be an http|is not a valid address)/, 'address'],
  [/^may not contain "\/\/", "\." or "\.\." in its path/, 'addressPath'],
  [/^may not contain a user name/, 'userInfo'],
  [/^must be a host name/, 'hostname'],
  [/^(must start with "\/"|may not contain ("#"|"\/\/"))/, 'path'],
  [/^must be one of/, 'option'],
  [/^must match/, 'pattern'],
  [/^is longer than/, 'long'],
  [/^has white space/, 'spaces'],
  [/^contains a line break/, 'control'],
  [/^(contains a character outside|is not valid Unicode)/, 'letters'],
  [/^may not contain ":"/, 'colon'],
  [/^was refused/, 'refused'],
  [/^(is not a header name|may not be the header)/, 'header'],
]

/** What is not known stays as it was said, behind a sentence that is: a scheme may have its own rules (a key that cannot be read). */
export function fieldFault(error: string, { example }: Pick<ConnectField, 'example'>, language: Language): Content {
  const words = CONNECT_WORDS[language]
  const kind = FIELD.find(([pattern]) => pattern.test(error))?.[1]
  if (kind === undefined) return html`${words.fieldFaults.other} (<span lang="en">${error}</span>).`
  if (kind === 'pattern' && example !== undefined) return html`${words.fieldFaults.pattern} ${words.example(example)}`
  return words.fieldFaults[kind]
}
