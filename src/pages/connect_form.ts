import { faultStatus, generalFault } from './connect_faults.ts'
import { fieldPart, isHidden, isRequired, partOf } from './connect_fields.ts'
import type { ConnectView, FormView } from './connect_view.ts'
import { CONNECT_WORDS } from './connect_words.ts'
import { attributes, type Content, type Html, html } from './html.ts'
import { spoken, withLanguage } from './language.ts'
import { type Page, renderPage } from './page.ts'
import { faultSummary, formOf } from './parts.ts'
import { WORDS } from './words.ts'

/** What the service needs is entered here. 422 when it comes back with faults, 5xx with ours. Posts `scheme`, `settings.NAME`, `secrets.NAME`. */
export function connectForm(view: FormView): Page {
  const { language, service, again, docs, fields } = view
  const words = CONNECT_WORDS[language]
  const title = again ? words.connectAgain(service) : words.connect(service)
  const faulty = view.fault !== undefined || fields.some(({ error }) => error !== undefined)
  const body = html`${faulty && summary(view)}<h1>${title}</h1>
<p>${words.asks(view, service)}</p>
${docs !== undefined && html`<p>${fields.length > 0 && html`${words.findIt} `}${docsLink(view, docs)}</p>`}
${registration(view)}
${waysOf(view)}
${formOf({ ...view, hidden: { scheme: view.scheme } }, inputs(view, faulty))}
${fields.length > 0 && html`<p class="quiet">${words.kept(view, service)}</p>`}`
  return renderPage({
    ...view,
    title: faulty ? WORDS[language].faultyTitle(title) : title,
    status: faulty ? faultStatus(view.fault ?? 'invalid_request') : 200,
    body,
  })
}

/** In a new tab, so that what was typed stays. */
export function docsLink({ language, service }: ConnectView, docs: string): Html {
  const text = CONNECT_WORDS[language].documentation(service)
  return html`<a href="${docs}" target="_blank" rel="noopener noreferrer">${text}</a> ${WORDS[language].newTab}`
}

function registration({ language, service, redirectUri }: FormView): Html | undefined {
  if (redirectUri === undefined) return undefined
  return html`<p>${CONNECT_WORDS[language].register(service)}<br><code>${redirectUri}</code></p>`
}

function inputs({ language, fields, next }: FormView, faulty: boolean): Content {
  const words = CONNECT_WORDS[language]
  // Where all is required, one sentence says it; else each field says which it is.
  const marked = fields.some((field) => !isRequired(field))
  return html`${!marked && fields.length > 1 && html`<p class="quiet">${WORDS[language].allRequired}</p>`}
${faulty && fields.some(isHidden) && html`<p class="note">${words.typeAgain}</p>`}
${fields.map((field) => fieldPart(field, language, marked))}
<button type="submit">${next === 'service' ? words.proceed : words.submit}</button>`
}

function summary({ language, service, fields, fault, detail }: FormView): Html {
  const words = CONNECT_WORDS[language]
  const parts = fields.map((field) => partOf(field, language, false)).filter((part) => part.fault !== undefined)
  const message = generalFault(fault ?? 'invalid_request', service, language)
  const more = detail !== undefined && html`${words.detail} <span lang="en">${detail}</span>`
  return faultSummary(parts, { message, more }, language)
}

function waysOf({ language, ways = [], scheme }: FormView): Html | undefined {
  if (ways.length < 2) return undefined
  const items = ways.map((way) => {
    const current = attributes({ 'aria-current': way.scheme === scheme ? 'true' : undefined })
    return html`<li><a href="${withLanguage(way.address, language)}"${current}>${spoken(way.title, language)}</a></li>`
  })
  const label = CONNECT_WORDS[language].ways
  return html`<nav aria-label="${label}"><h2>${label}</h2><ul class="ways">${items}</ul></nav>`
}
