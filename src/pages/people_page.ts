import { type Content, type Html, html } from './html.ts'
import type { Language } from './language.ts'
import { type Page, renderPage } from './page.ts'
import { faultSummary, type Part } from './parts.ts'
import { passkeyScript } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import type { PeopleSurroundings } from './posting.ts'
import { WORDS } from './words.ts'

/** The frame of every page of sign-in and of `/account`: the fault, the heading, what follows. */

export interface PeopleContent {
  readonly title: string
  readonly body: Content
  /** Above the heading. */
  readonly above?: Content
  readonly status?: number | undefined
  readonly fault?: ShownFault | undefined
  /** There is a form for a passkey in it. */
  readonly passkey?: boolean | undefined
  readonly onward?: string | undefined
}

export interface ShownFault {
  readonly status: number
  readonly message?: Content
  /** The fields that it is about. */
  readonly parts?: readonly Pick<Part, 'name' | 'key' | 'label' | 'fault'>[]
  readonly retryAfterS?: number | undefined
}

export function peoplePage(around: PeopleSurroundings, content: PeopleContent): Page {
  const { language } = around
  const { title, fault, status, onward, passkey } = content
  const summary = fault && faultSummary(fault.parts ?? [], fault, language)
  return renderPage({
    ...around,
    title: fault ? WORDS[language].faultyTitle(title) : title,
    body: html`${content.above}${summary}<h1>${title}</h1>
${content.body}`,
    status: fault?.status ?? status,
    retryAfterS: fault?.retryAfterS,
    script: passkey === true ? passkeyScript(around) : undefined,
    onward,
  })
}

/** `in 40 seconds`, `in 5 minutes`. */
export function waitingTime(seconds: number | undefined, language: Language): string {
  const words = PEOPLE_WORDS[language]
  if (seconds === undefined) return words.faults.soon
  return seconds <= 90 ? words.waitSeconds(Math.max(1, Math.ceil(seconds))) : words.waitMinutes(Math.ceil(seconds / 60))
}

export function requestLine({ requestId, language }: PeopleSurroundings): Html {
  return html`<p class="quiet">${PEOPLE_WORDS[language].requestId} <code>${requestId}</code></p>`
}
