import { docsLink } from './connect_form.ts'
import type { AuthoriseView, ChooseView, OnwardView } from './connect_view.ts'
import { CONNECT_WORDS } from './connect_words.ts'
import { html } from './html.ts'
import { type Page, renderPage } from './page.ts'
import { faultSummary, formOf, radioPart } from './parts.ts'
import { WORDS } from './words.ts'

/** Says what will happen at the service, and where; the button posts. */
export function connectAuthorise(view: AuthoriseView): Page {
  const { language, service, again, host, docs } = view
  const words = CONNECT_WORDS[language]
  const title = again ? words.connectAgain(service) : words.connect(service)
  const body = html`<h1>${title}</h1>
<p>${words.asks(view, service)}</p>
<p>${words.sentTo(view)}</p>
<ol>${words.steps(service, host).map((step) => html`<li>${step}</li>`)}</ol>
${docs !== undefined && html`<p>${docsLink(view, docs)}</p>`}
${formOf(view, html`<button type="submit">${words.goTo(service)}</button>`)}`
  return renderPage({ ...view, title, body })
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

/** One of several accounts. 422 when it comes back. Posts `account`. */
export function connectChoose(view: ChooseView): Page {
  const { language, service, accounts, chosen, fault } = view
  const words = CONNECT_WORDS[language]
  const part = {
    name: 'account',
    label: local(words.accounts(accounts.length)),
    required: true,
    fault: fault ? words.chooseNone : undefined,
    options: accounts.map(({ id, label, hint }) => ({ value: id, label: local(label), hint: hint && local(hint) })),
    value: chosen,
  }
  const body = html`${fault && faultSummary([part], {}, language)}<h1>${words.chooseTitle}</h1>
<p>${words.chooseText(service)}</p>
${formOf(view, html`${radioPart(part, language)}<button type="submit">${words.chooseSubmit}</button>`)}`
  const title = fault ? WORDS[language].faultyTitle(words.chooseTitle) : words.chooseTitle
  return renderPage({ ...view, title, status: fault ? 422 : 200, body })
}

/** A name is in no language. */
function local(text: string) {
  return { en: text, fr: text }
}
