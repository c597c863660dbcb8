import type { AccountFault } from '../sign_in/account/own.ts'
import type { AccountSection, CONFIRMED, Done } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { attributes, type Content, type Html, html } from './html.ts'
import type { Language } from './language.ts'
import type { Page } from './page.ts'
import type { Part } from './parts.ts'
import { peoplePage, type ShownFault, waitingTime } from './people_page.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { linkTo, type PeopleSurroundings } from './posting.ts'

/** What the pages of `/account` have in common. */

interface Framed {
  readonly title: string
  readonly body: Content
  readonly done?: Done | undefined
  readonly fault?: AccountFault | undefined
  readonly retryAfterS?: number | undefined
  /** What this page says of the fault, where it can be more exact. */
  readonly said?: Partial<Record<AccountFault, Content>> | undefined
  /** The field that the fault is about: it is said there. */
  readonly part?: Pick<Part, 'name' | 'key' | 'label' | 'fault'> | undefined
  readonly passkey?: boolean | undefined
  readonly status?: number | undefined
}

/** With the way back above the heading, and below it what was done. */
export function accountFrame(framed: Framed, around: PeopleSurroundings): Page {
  const { done, part } = framed
  const words = ACCOUNT_WORDS[around.language]
  const above = html`<p class="back"><a href="${linkTo('/account', around)}"><span aria-hidden="true">‹</span> ${words.title}</a></p>`
  const fault = accountFault(framed, around.language)
  const shown = fault && part?.fault ? { ...fault, message: undefined, parts: [part] } : fault
  const { title, passkey, status } = framed
  return peoplePage(around, {
    title,
    above,
    body: html`${done !== undefined && doneNotice(done, around.language)}${framed.body}`,
    fault: shown,
    passkey,
    status,
  })
}

export function doneNotice(done: Done, language: Language): Html {
  return html`<p class="note done" role="status">${ACCOUNT_WORDS[language].done[done]}</p>`
}

const STATUS: Readonly<Record<AccountFault, number>> = {
  invalid: 422,
  wrong: 422,
  weak: 422,
  differs: 422,
  passkey: 422,
  taken: 409,
  others: 409,
  gone: 409,
  last_way: 409,
  rate_limited: 429,
  unavailable: 502,
  mail: 502,
  busy: 503,
}

export function accountFault(
  { fault, retryAfterS, said = {} }: Pick<Framed, 'fault' | 'retryAfterS' | 'said'>,
  language: Language,
): ShownFault | undefined {
  if (fault === undefined) return undefined
  const limited = () => PEOPLE_WORDS[language].faults.rate_limited(waitingTime(retryAfterS, language))
  const message = said[fault] ?? (fault === 'rate_limited' ? limited() : ACCOUNT_WORDS[language].faults[fault])
  return { status: STATUS[fault], message, retryAfterS }
}

export interface Row {
  readonly name: Content
  readonly tags?: readonly Content[] | undefined
  /** Said below the name: lines, each of what is said one after the other. */
  readonly details?: readonly (readonly Content[])[] | undefined
  readonly acts?: Content
}

export function rowList(rows: readonly Row[]): Html {
  return html`<ul class="rows">${rows.map(row)}</ul>`
}

function row({ name, tags = [], details = [], acts }: Row): Html {
  const marks = tags.map((tag) => tag && html` <span class="tag">${tag}</span>`)
  return html`<li><div><p><strong>${name}</strong>${marks}</p>${details.map(line)}</div>${acts && html`<div class="acts">${acts}</div>`}</li>`
}

function line(parts: readonly Content[]): Html | undefined {
  const said = parts.filter((part) => part !== null && part !== undefined && part !== false && part !== '')
  if (said.length === 0) return undefined
  // The dot stays at the end of a line.
  return html`<p class="quiet">${said.map((part, i) => [i > 0 && '\u00a0· ', part])}</p>`
}

/** Leads to the page that asks first. `of` names what, for those who hear one link after the other. */
export function confirmLink<S extends keyof typeof CONFIRMED>(
  asked: { readonly section: S; readonly do: (typeof CONFIRMED)[S][number]; readonly id?: string },
  { text, of }: { readonly text: string; readonly of?: string },
  around: PeopleSurroundings,
): Html {
  const query = new URLSearchParams({ confirm: asked.do, ...(asked.id === undefined ? {} : { id: asked.id }) })
  const own = attributes({
    class: 'button plain small',
    'aria-label': of === undefined ? undefined : `${text} – ${of}`,
  })
  return html`<a href="${linkTo(`/account/${asked.section}?${query}`, around)}"${own}>${text}</a>`
}

export function pathOf(section: AccountSection): string {
  return `/account/${section}`
}

/** A time in words, in UTC: which zone the reader is in, nobody has told us. */
export function timeOf(text: string, language: Language): Html {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return html`${text}`
  return html`<time datetime="${time.toISOString()}">${FORMATS[language].format(time)} UTC</time>`
}

const format = (locale: string) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
const FORMATS: Readonly<Record<Language, Intl.DateTimeFormat>> = { en: format('en-GB'), fr: format('fr-FR') }

/** `last used on ...`, or that it never was. */
export function useOf(at: string | null, language: Language): Content {
  const words = ACCOUNT_WORDS[language]
  return at === null ? words.never : words.used(timeOf(at, language))
}
