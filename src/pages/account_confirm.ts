import { ACCESS_WORDS } from './account_access_words.ts'
import { cancelTo } from './account_factors.ts'
import { accountFrame, pathOf } from './account_parts.ts'
import type { ConfirmView, GoneView } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { html } from './html.ts'
import type { Page } from './page.ts'
import { formOf } from './parts.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'

/** Asks before something that cannot be undone; a way back stands beside the button. */
export function confirmPage(view: ConfirmView, around: PeopleSurroundings): Page {
  const { section, id, label } = view
  const words = ACCESS_WORDS[around.language].confirm[section]
  const form = postedTo(pathOf(section), around, { do: view.do, id: id === '' ? undefined : id })
  const body = html`${label !== '' && html`<p><strong>${label}</strong></p>`}
<p>${words.text}</p>
${formOf(form, html`<button type="submit" class="danger">${words.submit}</button>`)}
${cancelTo(pathOf(section), around)}`
  return accountFrame({ title: words.title, body }, around)
}

/** 404 for what is not there, 410 for a link that was. */
export function gonePage({ what }: GoneView, around: PeopleSurroundings): Page {
  const words = ACCOUNT_WORDS[around.language]
  const body = html`<p>${words.goneText[what]}</p>`
  return accountFrame({ title: words.goneTitle[what], body, status: what === 'link' ? 410 : 404 }, around)
}
