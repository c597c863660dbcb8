import type { DeviceStage } from '../provider/device/stage.ts'
import { timeOf } from './account_parts.ts'
import { askedList, decisionForm, facts, personName, refusedPersonPage } from './consent.ts'
import { CONSENT_WORDS } from './consent_words.ts'
import { html } from './html.ts'
import type { Page } from './page.ts'
import { formOf, textPart } from './parts.ts'
import { peoplePage, type ShownFault, waitingTime } from './people_page.ts'
import { local } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'
import { browserOf } from './user_agent.ts'

/** Where somebody lets in a device that cannot show a sign-in itself (RFC 8628 §3.3). */

const ACTION = '/oidc/device'

export type ShownDevice = Exclude<DeviceStage, { kind: 'onward' }>
type Of<K extends DeviceStage['kind']> = Extract<DeviceStage, { kind: K }>

export function devicePage(stage: ShownDevice, around: PeopleSurroundings): Page {
  switch (stage.kind) {
    case 'enter':
      return enterPage(stage, around)
    case 'confirm':
      return confirmPage(stage, around)
    case 'decided':
      return decidedPage(stage, around)
    default:
      return refusedPersonPage(stage, around)
  }
}

function enterPage(stage: Of<'enter'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = CONSENT_WORDS[language].device
  const fault = faultOf(stage, around)
  const field = fieldOf(stage, around)
  const input = textPart({ ...field, hint: words.hint, value: stage.code, first: fault === undefined }, language)
  const body = html`<p>${words.text}</p>
${stage.code !== '' && stage.fault === undefined && html`<p class="note">${words.compare}</p>`}
${formOf(postedTo(ACTION, around, { do: 'look' }), html`${input}<button type="submit">${words.submit}</button>`)}`
  return peoplePage(around, { title: words.title, body, fault })
}

function fieldOf({ fault }: Of<'enter'>, { language }: PeopleSurroundings) {
  const words = CONSENT_WORDS[language].device
  return {
    name: 'user_code',
    label: local(words.code),
    required: true,
    autocomplete: 'off',
    fault: fault === 'wrong' ? words.wrong : undefined,
  } as const
}

/** A code that is not right is the person's to mend: never 401 or 403. */
function faultOf(stage: Of<'enter'>, around: PeopleSurroundings): ShownFault | undefined {
  const { retryAfterS } = stage
  if (stage.fault === undefined) return undefined
  if (stage.fault === 'wrong') return { status: 422, parts: [fieldOf(stage, around)] }
  const message = PEOPLE_WORDS[around.language].faults.rate_limited(waitingTime(retryAfterS, around.language))
  return { status: 429, message, retryAfterS }
}

function confirmPage(stage: Of<'confirm'>, around: PeopleSurroundings): Page {
  const { application, code, person, asked, at, from } = stage
  const { device: words, as } = CONSENT_WORDS[around.language]
  const body = html`<p>${words.asks(application)}</p>
<p id="same">${words.same}</p>
<p><code class="code" aria-labelledby="same">${code}</code></p>
${facts([
  [words.at, timeOf(at, around.language)],
  [words.from, from.address ?? words.unknown],
  [words.with, programOf(from.userAgent, words.unknown)],
  [as, personName(person)],
])}
${askedList(asked, around)}
${decisionForm(ACTION, { user_code: code, account: person.account }, around)}`
  return peoplePage(around, { title: words.confirmTitle, body })
}

function decidedPage({ application, isAllowed }: Of<'decided'>, around: PeopleSurroundings): Page {
  const words = CONSENT_WORDS[around.language].device
  const body = html`<p>${isAllowed ? words.allowed(application) : words.denied(application)}</p>`
  return peoplePage(around, { title: isAllowed ? words.allowedTitle : words.deniedTitle, body })
}

/** What the device calls itself: a browser that is known, or its own words. */
function programOf(userAgent: string | undefined, unknown: string): string {
  if (userAgent === undefined || userAgent === '') return unknown
  const { browser, system } = browserOf(userAgent)
  return [browser, system].filter(Boolean).join(', ') || userAgent.slice(0, 80)
}
