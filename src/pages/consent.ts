import type { Asked, ConsentStage, InteractionStage, Person } from '../provider/interactions/stage.ts'
import { CONSENT_WORDS } from './consent_words.ts'
import { type Content, type Html, html } from './html.ts'
import { withLanguage } from './language.ts'
import type { Page } from './page.ts'
import { formOf } from './parts.ts'
import { peoplePage, requestLine } from './people_page.ts'
import { linkButton } from './people_parts.ts'
import { linkTo, type PeopleSurroundings, postedTo } from './posting.ts'

/** What an application may know of somebody, asked of him; and what is said where he cannot go on. */

export type ShownInteraction = Exclude<InteractionStage, { kind: 'onward' }>

export function interactionPage(stage: ShownInteraction, around: PeopleSurroundings): Page {
  switch (stage.kind) {
    case 'consent':
      return consentPage(stage, around)
    case 'stale':
      return stalePage(around)
    default:
      return refusedPersonPage(stage, around)
  }
}

function consentPage(stage: ConsentStage, around: PeopleSurroundings): Page {
  const { application, isMore, place, person, uid, asked } = stage
  const words = CONSENT_WORDS[around.language]
  const body = html`<p>${isMore ? words.asksMore(application) : words.asks(application)}</p>
${askedList(asked, around)}
${facts([
  [words.as, personName(person)],
  [words.place, html`<strong>${place}</strong>`],
])}
<p class="quiet">${words.back}</p>
${decisionForm(`/oidc/interaction/${uid}`, { account: person.account }, around)}`
  return peoplePage(around, { title: words.title(application), body })
}

/** What it may do then, in words. */
export function askedList({ scopes, resources }: Asked, { language }: PeopleSurroundings): Html {
  const words = CONSENT_WORDS[language]
  return html`<p>${words.gets}</p>
<ul>${scopes.map((scope) => html`<li>${words.scopes[scope]}</li>`)}${resources.map(
    (resource) => html`<li>${words.resource(resource.id, resource.scopes)}</li>`,
  )}</ul>`
}

/** Two buttons of one form: each says what it does. */
export function decisionForm(
  action: string,
  hidden: Readonly<Record<string, string>>,
  around: PeopleSurroundings,
): Html {
  const { allow, deny } = CONSENT_WORDS[around.language]
  return formOf(
    postedTo(action, around, hidden),
    html`<div class="acts"><button type="submit" name="do" value="allow">${allow}</button><button type="submit" name="do" value="deny" class="plain">${deny}</button></div>`,
  )
}

export function facts(rows: readonly (readonly [string, Content])[]): Html {
  return html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

/** With the login where the name does not say it: two people may have one name. */
export function personName({ name, account }: Person): Html {
  return html`<strong>${name}</strong>${name !== account && html` <span class="quiet">(${account})</span>`}`
}

export interface RefusedPerson {
  readonly kind: 'not_allowed' | 'no_email' | 'other_account'
  readonly application: string
  readonly person: Person
  readonly again: string
}

/** Who it is, and a way on: often somebody has two accounts, or it is another person's browser. */
export function refusedPersonPage(stage: RefusedPerson, around: PeopleSurroundings): Page {
  const { application, person, again } = stage
  const words = CONSENT_WORDS[around.language]
  const said = {
    not_allowed: [words.notAllowedTitle(application), words.notAllowed, words.notAllowedNext],
    no_email: [words.noEmailTitle, words.noEmail(application), words.noEmailNext],
    other_account: [words.otherTitle, words.other(application), words.otherNext],
  } as const
  const [title, text, next] = said[stage.kind]
  const another = withLanguage(again, around.language)
  const body = html`<p>${text}</p>
${facts([[words.as, personName(person)]])}
<p>${next}</p>
${stage.kind === 'no_email' && html`<p>${linkButton(linkTo('/account/emails', around), words.emails)}</p>`}
<p>${linkButton(another, words.someoneElse, stage.kind === 'no_email' ? ' plain' : '')}</p>
${requestLine(around)}`
  return peoplePage(around, { title, body, status: 403 })
}

function stalePage(around: PeopleSurroundings): Page {
  const words = CONSENT_WORDS[around.language]
  const body = html`<p>${words.stale}</p>
<p>${words.staleNext}</p>
<p>${linkButton(linkTo('/account', around), words.account, ' plain')}</p>
${requestLine(around)}`
  return peoplePage(around, { title: words.staleTitle, body, status: 400 })
}
