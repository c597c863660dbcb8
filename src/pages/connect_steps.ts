import { faultStatus, generalFault } from './connect_faults.ts'
import { docsLink } from './connect_form.ts'
import type { AuthoriseView, ChooseView, OnwardView } from './connect_view.ts'
import { CONNECT_WORDS } from './connect_words.ts'
import { html } from './html.ts'
import { type Page, renderPage } from './page.ts'
import { faultSummary, formOf, radioPart } from './parts.ts'
import { WORDS } from './words.ts'

/** Says what will happen at the service, and where; the button posts. */
export function connectAuthorise(view: AuthoriseView): Page {
  const { language, service, again, host, docs, fault } = view
  const words = CONNECT_WORDS[language]
  const title = again ? words.connectAgain(service) : words.connect(service)
  const body = html`${fault && faultSummary([], { message: generalFault(fault, service, language) }, language)}<h1>${title}</h1>
<p>${words.asks(view, service)}</p>
<p>${words.sentTo(view)}</p>
<ol>${words.steps(service, host).map((step) => html`<li>${step}</li>`)}</ol>
${docs !== undefined && html`<p>${docsLink(view, docs)}</p>`}
${formOf(view, html`<button type="submit">${words.goTo(service)}</button>`)}`
  return fault === undefined
    ? renderPage({ ...view, title, body })
    : renderPage({ ...view, title: WORDS[language].faultyTitle(title), body, status: faultStatus(fault) })
}

/**
 * Leads to another site after a POST, without script. A redirect would be held against `form-action`, with all that the other site
 * redirects to in turn: its sign-in is often elsewhere, at hosts that nobody can list. A page that refreshes at once begins anew.
 */
export function connectOnward(view: OnwardView): Page {
  const { language, service, target } = view
  const words = CONNECT_WORDS[language]
  const title = words.leading(service)
  const body = html`<h1>${title}</h1>
<p>${words.leadingOn(new URL(target).host)}</p>
<p><a class="button" href="${target}">${words.proceed}</a></p>`
  return renderPage({ ...view, title, body, onward: target })
}

/** One of several accounts. Posts `account`. */
export function connectChoose(view: ChooseView): Page {
  const { language, service, accounts, chosen, fault } = view
  const words = CONNECT_WORDS[language]
  const part = {
    name: 'account',
    label: local(words.accounts(accounts.length)),
    required: true,
    fault: fault === 'unchosen' ? words.chooseNone : undefined,
    options: accounts.map(({ id, label, hint }) => ({ value: id, label: local(label), hint: hint && local(hint) })),
    value: chosen,
  }
  const summary = () =>
    fault === undefined || fault === 'unchosen'
      ? faultSummary([part], {}, language)
      : faultSummary([], { message: generalFault(fault, service, language) }, language)
  const body = html`${fault && summary()}<h1>${words.chooseTitle}</h1>
<p>${words.chooseText(service)}</p>
${formOf(view, html`${radioPart(part, language)}<button type="submit">${words.chooseSubmit}</button>`)}`
  const title = fault ? WORDS[language].faultyTitle(words.chooseTitle) : words.chooseTitle
  return renderPage({ ...view, title, body, status: fault ? faultStatus(fault) : 200 })
}

/** A name is in no language. */
function local(text: string) {
  return { en: text, fr: text }
}
