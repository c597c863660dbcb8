import type { CodeView, DoneView, EndedView, FailedView, RefusedView, StoppedView } from './connect_view.ts'
import { CONNECT_WORDS } from './connect_words.ts'
import { type Html, html } from './html.ts'
import { type Language, withLanguage } from './language.ts'
import { type Page, renderPage } from './page.ts'

const CHECK = html`<svg class="good" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/></svg>`

export function connectDone(view: DoneView): Page {
  const { language, service, identity, back } = view
  const words = CONNECT_WORDS[language]
  const title = words.done(service)
  const body = html`<h1>${CHECK}${title}</h1>
${identity !== undefined && html`<p>${words.identity(identity)}</p>`}
<p>${words.doneText} ${back === undefined && words.close}</p>
${back !== undefined && button(back, words.back(hostOf(back, view.host)))}`
  return renderPage({ ...view, title, body })
}

/** The connection waits until the one who made the link brings this code: a link that was sent on connects nothing for a stranger. */
export function connectCode(view: CodeView): Page {
  const { language, service, identity, code, minutes } = view
  const words = CONNECT_WORDS[language]
  const body = html`<h1>${words.codeTitle}</h1>
<p>${words.codeText(service)}</p>
${identity !== undefined && html`<p>${words.identity(identity)}</p>`}
<h2 id="code">${words.codeLabel}</h2>
<p><code class="code" aria-labelledby="code">${code}</code></p>
<p>${words.codeMinutes(minutes)}</p>
<p class="note">${words.codeWarning}</p>`
  return renderPage({ ...view, title: words.codeTitle, body })
}

/** 404 for a link that is not known, 410 for one that was. */
export function connectEnded(view: EndedView): Page {
  const words = CONNECT_WORDS[view.language]
  const title = words.ended[view.reason]
  const body = html`<h1>${title}</h1>
<p>${words.endedText[view.reason]}</p>
<p>${words.endedNext}</p>`
  return renderPage({ ...view, title, body, status: view.reason === 'unknown' ? 404 : 410 })
}

/** 200: a person or the service decided, and nothing is broken. */
export function connectRefused(view: RefusedView): Page {
  const { language, service, by, retry, detail } = view
  const words = CONNECT_WORDS[language]
  const named = words.refused[by]
  const title = typeof named === 'string' ? named : named(service)
  const body = html`<h1>${title}</h1>
<p>${words.refusedText[by](service)}</p>
${detail !== undefined && html`<p class="quiet">${words.detail} <span lang="en">${detail}</span></p>`}
${retryLink(retry, language)}`
  return renderPage({ ...view, title, body })
}

/** What the browser sent is not taken. */
export function connectStopped(view: StoppedView): Page {
  const { language, reason, retry, host, status, detail } = view
  const words = CONNECT_WORDS[language]
  const title = words.stopped[reason]
  const body = html`<h1>${title}</h1>
<p>${words.stoppedText[reason](host)} ${words.stoppedNext}</p>
${retryLink(retry, language)}
${detail !== undefined && html`<p class="quiet">${words.detail} <span lang="en">${detail}</span></p>`}`
  return renderPage({ ...view, title, body, status })
}

/** Our own trouble: never a 4xx, and nothing of the cause but the number under which the log has it. */
export function connectFailed(view: FailedView): Page {
  const { language, requestId, retry, host, status = 500 } = view
  const words = CONNECT_WORDS[language]
  const body = html`<h1>${words.failed}</h1>
<p>${words.failedText}</p>
${retryLink(retry, language)}
<p class="quiet">${words.failedNext(host)} <code>${requestId}</code></p>`
  return renderPage({ ...view, title: words.failed, body, status })
}

function retryLink(retry: string | undefined, language: Language): Html | undefined {
  return retry === undefined ? undefined : button(withLanguage(retry, language), CONNECT_WORDS[language].retry)
}

function button(address: string, text: string): Html {
  return html`<p><a class="button" href="${address}">${text}</a></p>`
}

/** A path leads to our own host. */
function hostOf(address: string, own: string): string {
  return URL.canParse(address) ? new URL(address).host : own
}
