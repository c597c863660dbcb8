import { SignInRefused } from '../sign_in/method.ts'
import { STOPS } from '../sign_in/stage.ts'
import { type Html, html, isWebAddress } from './html.ts'
import { withLanguage } from './language.ts'
import type { Page } from './page.ts'
import { formOf } from './parts.ts'
import { peoplePage, requestLine } from './people_page.ts'
import { linkButton } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'
import { type StageOf, towardsLine } from './sign_in_choose.ts'
import { REFUSED_WORDS } from './sign_in_refused_words.ts'
import { SIGN_IN_WORDS } from './sign_in_words.ts'

/** Where a sign-in ends: it is refused, it leads on, or the person goes. */

/** What happened, what to do next, and the number under which the log has the rest. */
export function refusedPage(stage: StageOf<'refused'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = REFUSED_WORDS[language][stage.reason]
  const { detail } = PEOPLE_WORDS[language]
  const [only, ...more] = words.next
  const next =
    more.length === 0 ? html`<p>${only}</p>` : html`<ol>${words.next.map((step) => html`<li>${step}</li>`)}</ol>`
  const body = html`${towardsLine(stage.towards ?? null, around)}<p>${words.text}</p>
${next}
${againButton(stage.again, around)}
${requestLine(around)}
${stage.detail !== '' && html`<p class="quiet">${detail} <span lang="en">${stage.detail}</span></p>`}`
  return peoplePage(around, { title: words.title, body, status: new SignInRefused(stage.reason, stage.detail).status })
}

/** What the browser sent is not taken, or leads nowhere. */
export function stoppedPage({ reason, again }: StageOf<'stopped'>, around: PeopleSurroundings): Page {
  const words = PEOPLE_WORDS[around.language]
  const body = html`<p>${words.stoppedText[reason](around.host)}</p>
${againButton(again, around)}
${requestLine(around)}`
  return peoplePage(around, { title: words.stopped[reason], body, status: STOPS[reason] })
}

/** Our own trouble: never a 4xx, and nothing of the cause but the number under which the log has it. */
export function failedPage({ status, again }: StageOf<'failed'>, around: PeopleSurroundings): Page {
  const words = PEOPLE_WORDS[around.language]
  const body = html`<p>${words.failedText}</p>
${againButton(again, around)}
<p>${words.failedNext(around.host)}</p>
${requestLine(around)}`
  return peoplePage(around, { title: words.failed, body, status })
}

function againButton(address: string | null, { language }: PeopleSurroundings): Html | undefined {
  if (address === null) return undefined
  return html`<p>${linkButton(withLanguage(address, language), PEOPLE_WORDS[language].again)}</p>`
}

/**
 * Leads on after a POST, without script: a redirect would be held against `form-action`, with all that the other site redirects to in turn.
 * A path of ours is not one that a form has to be led out to: answer with 303.
 */
export function onwardPage(stage: StageOf<'onward'>, around: PeopleSurroundings): Page {
  const words = SIGN_IN_WORDS[around.language]
  const isElsewhere = URL.canParse(stage.target)
  const place = isElsewhere ? new URL(stage.target).host : around.host
  const body = html`<p>${words.onwardText(place)}</p>
<p>${linkButton(stage.target, PEOPLE_WORDS[around.language].proceed)}</p>`
  return peoplePage(around, { title: words.onwardTitle, body, onward: isElsewhere ? stage.target : undefined })
}

export function signOutPage(stage: StageOf<'sign_out'>, around: PeopleSurroundings): Page {
  const words = SIGN_IN_WORDS[around.language]
  const form = { ...postedTo('/session/sign-out', around, { flow: stage.flow }), csrf: around.csrf(stage.csrfFor) }
  const body = html`${stage.towards !== null && html`<p>${words.signOutTowards(stage.towards)}</p>`}
<p>${words.signOutText}</p>
${formOf(form, html`<button type="submit">${words.signOutSubmit}</button>`)}`
  return peoplePage(around, { title: words.signOutTitle, body })
}

export function signedOutPage({ again, back }: StageOf<'signed_out'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = SIGN_IN_WORDS[language]
  const signIn = withLanguage(again, language)
  const backTo = back !== null && isWebAddress(back) ? back : undefined
  const body = html`<p>${words.signedOutText}</p>
${backTo !== undefined && html`<p>${linkButton(backTo, words.back(hostOf(backTo, around.host)))}</p>`}
<p>${backTo === undefined ? linkButton(signIn, words.signInAgain) : html`<a href="${signIn}">${words.signInAgain}</a>`}</p>`
  return peoplePage(around, { title: words.signedOutTitle, body })
}

function hostOf(address: string, own: string): string {
  return URL.canParse(address) ? new URL(address).host : own
}
