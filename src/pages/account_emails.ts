import { accountFrame, confirmLink, rowList, timeOf, useOf } from './account_parts.ts'
import type { EmailShown, EmailsView, IdentitiesView, VerifyEmailView } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { attributes, type Html, html } from './html.ts'
import type { Page } from './page.ts'
import { formOf, passwordPart, textPart } from './parts.ts'
import { actionButton, local } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'

/** By what names one is known: addresses, and accounts elsewhere. */

/** As many addresses as one account takes. */
const MOST = 10

export function emailsPage(view: EmailsView, around: PeopleSurroundings): Page {
  const { language } = around
  const { emails: words, sections } = ACCOUNT_WORDS[language]
  const isInvalid = view.fault === 'invalid' && view.at === undefined
  const field = {
    name: 'address',
    label: local(words.address),
    fault: isInvalid ? (view.emails.length < MOST ? words.invalid : words.many) : undefined,
    value: view.typed,
    required: true,
    autocomplete: 'email',
    inputMode: 'email',
  } as const
  const add = html`${textPart(field, language)}<button type="submit">${words.add}</button>`
  const body = html`<p>${words.text}</p>
${view.emails.length === 0 ? html`<p class="quiet">${words.none}</p>` : rowList(view.emails.map((email) => emailRow(email, view.canSend, around)))}
${!view.canSend && html`<p class="note">${words.noMail}</p>`}
<h2>${words.add}</h2>
${formOf(postedTo('/account/emails', around, { do: 'add' }), add)}`
  return accountFrame({ ...view, title: sections.emails, body, part: field }, around)
}

function emailRow({ id, address, verified, primary }: EmailShown, canSend: boolean, around: PeopleSurroundings) {
  const { emails: words, remove } = ACCOUNT_WORDS[around.language]
  const act = (what: string, text: string) =>
    actionButton(around, '/account/emails', { do: what, id }, { text, of: address, look: 'plain small' })
  return {
    name: address,
    tags: [verified ? words.verified : words.unverified, primary && words.primary],
    acts: html`${!verified && canSend && act('send', words.send)}${verified && !primary && act('primary', words.makePrimary)}${confirmLink({ section: 'emails', do: 'remove', id }, { text: remove, of: address }, around)}`,
  }
}

/** Looking at it changes nothing: programs that check mail follow links. */
export function verifyEmailPage({ link, address }: VerifyEmailView, around: PeopleSurroundings): Page {
  const { emails: words } = ACCOUNT_WORDS[around.language]
  const form = postedTo('/account/verify', around, { do: 'verify', link })
  const body = html`<p>${words.verifyText(address)}</p>
${formOf(form, html`<button type="submit">${words.verifySubmit}</button>`)}
<p class="quiet">${words.verifyNot}</p>`
  return accountFrame({ title: words.verifyTitle, body }, around)
}

export function identitiesPage(view: IdentitiesView, around: PeopleSurroundings): Page {
  const { language } = around
  const { identities: words, sections, remove } = ACCOUNT_WORDS[language]
  const rows = view.identities.map(({ id, method, label, createdAt, lastUsedAt }) => ({
    name: method ?? label,
    details: [
      [method === null ? words.gone : label !== method && label],
      [ACCOUNT_WORDS[language].since(timeOf(createdAt, language)), useOf(lastUsedAt, language)],
    ],
    acts: confirmLink(
      { section: 'identities', do: 'remove', id },
      { text: remove, of: `${method ?? ''} ${label}`.trim() },
      around,
    ),
  }))
  const body = html`<p>${words.text}</p>
${rows.length === 0 ? html`<p class="quiet">${words.none}</p>` : rowList(rows)}
${view.ways.length > 0 && html`<h2>${words.add}</h2>${view.ways.map((way) => linkForm(way, view, around))}`}`
  return accountFrame({ ...view, title: sections.identities, body, said: { wrong: words.wrong } }, around)
}

/** A provider is gone to; a directory is asked from here. */
function linkForm(way: IdentitiesView['ways'][number], view: IdentitiesView, around: PeopleSurroundings): Html {
  const { language } = around
  const { identities: words } = ACCOUNT_WORDS[language]
  const { method, name } = way
  if (!way.form) return actionButton(around, '/account/identities', { do: 'link', method }, { text: words.by(name) })
  const key = method.replace(/[^a-z0-9]/g, '-')
  const isBack = (view.method ?? view.at) === method
  const typed = isBack ? view.typed : undefined
  const login = {
    name: 'login',
    key,
    label: local(words.login),
    value: typed,
    required: true,
    autocomplete: 'off',
  } as const
  const label = local(PEOPLE_WORDS[language].password)
  const password = { name: 'password', key, label, required: true, autocomplete: 'current-password' } as const
  const form = formOf(
    postedTo('/account/identities', around, { do: 'link', method }),
    html`${textPart(login, language)}${passwordPart(password, language)}<button type="submit">${words.by(name)}</button>`,
  )
  return html`<details${attributes({ open: isBack })}><summary>${words.by(name)}</summary>${form}</details>`
}
