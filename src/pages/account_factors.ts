import { ACCESS_WORDS } from './account_access_words.ts'
import { accountFrame, confirmLink, rowList, timeOf, useOf } from './account_parts.ts'
import type {
  AuthenticatorsView,
  NewAuthenticatorView,
  NewPasskeyView,
  PasskeysView,
  RecoveryCodesView,
  RecoveryView,
} from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { attributes, type Content, type Html, html } from './html.ts'
import type { Page } from './page.ts'
import { formOf, textPart } from './parts.ts'
import {
  actionButton,
  authenticatorSteps,
  codeField,
  codeList,
  codePart,
  linkButton,
  local,
  passkeyForm,
} from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { linkTo, type PeopleSurroundings, postedTo } from './posting.ts'

/** What one has: passkeys, authenticator apps, recovery codes. */

export function passkeysPage(view: PasskeysView, around: PeopleSurroundings): Page {
  const { language } = around
  const { passkeys: words } = ACCESS_WORDS[language]
  const { sections, since } = ACCOUNT_WORDS[language]
  const rows = view.passkeys.map(({ id, name, backedUp, createdAt, lastUsedAt }) => ({
    name,
    tags: [backedUp ? words.synced : words.bound],
    details: [[since(timeOf(createdAt, language)), useOf(lastUsedAt, language)]],
    acts: html`${removeLink('passkeys', id, name, around)}${renameForm(id, name, view, around)}`,
  }))
  const body = html`<p>${words.text}</p>
${rows.length === 0 ? html`<p class="quiet">${words.none}</p>` : rowList(rows)}
${view.isOffered === false ? html`<p class="note">${words.closed}</p>` : actionButton(around, '/account/passkeys', { do: 'start' }, { text: words.add, look: 'plain' })}`
  const said = { invalid: view.at === undefined ? words.many : words.invalid }
  return accountFrame({ ...view, title: sections.passkeys, body, said }, around)
}

/** Folded away: it is seldom wanted. */
function renameForm(id: string, name: string, view: PasskeysView, around: PeopleSurroundings): Html {
  const { language } = around
  const words = ACCOUNT_WORDS[language]
  const isBack = view.at === id && view.fault !== undefined
  const value = isBack ? (view.typed ?? name) : name
  // Credential ids are base64url, which makes good ids of elements.
  const field = { name: 'name', key: id, label: local(words.name), value, required: true, autocomplete: 'off' } as const
  const form = formOf(
    postedTo('/account/passkeys', around, { do: 'rename', id }),
    html`${textPart(field, language)}<button type="submit" class="plain small">${words.save}</button>`,
  )
  const own = attributes({ open: isBack })
  return html`<details${own}><summary aria-label="${words.rename} – ${name}">${words.rename}</summary>${form}</details>`
}

export function newPasskeyPage(view: NewPasskeyView, around: PeopleSurroundings): Page {
  const { language } = around
  const { passkeys: words } = ACCESS_WORDS[language]
  const field = nameField(view, around, words.invalid)
  const form = passkeyForm(
    around,
    {
      action: '/account/passkeys',
      ask: 'create',
      options: view.options,
      hidden: { do: 'add', pending: view.pending },
      submit: words.submit,
    },
    textPart(field, language),
  )
  const body = html`<p>${words.newText}</p>
${form}
${cancelTo('/account/passkeys', around)}`
  return accountFrame({ ...view, title: words.newTitle, body, part: field, passkey: true }, around)
}

export function authenticatorsPage(view: AuthenticatorsView, around: PeopleSurroundings): Page {
  const { language } = around
  const { authenticators: words } = ACCESS_WORDS[language]
  const { sections, since } = ACCOUNT_WORDS[language]
  const rows = view.authenticators.map(({ id, name, createdAt }) => ({
    name,
    details: [[since(timeOf(createdAt, language))]],
    acts: removeLink('authenticators', id, name, around),
  }))
  const body = html`<p>${words.text}</p>
${rows.length === 0 ? html`<p class="quiet">${words.none}</p>` : rowList(rows)}
${actionButton(around, '/account/authenticators', { do: 'start' }, { text: words.add, look: 'plain' })}`
  return accountFrame({ ...view, title: sections.authenticators, body, said: { invalid: words.many } }, around)
}

export function newAuthenticatorPage(view: NewAuthenticatorView, around: PeopleSurroundings): Page {
  const { language } = around
  const { authenticators: words } = ACCESS_WORDS[language]
  const faults = PEOPLE_WORDS[language].faults
  const isAtName = view.fault === 'invalid' && view.at === 'name'
  const name = nameField(view, around, ACCESS_WORDS[language].passkeys.invalid)
  const codeFault =
    view.fault === 'wrong' ? faults.code : view.fault === 'invalid' && !isAtName ? faults.digits : undefined
  const form = formOf(
    postedTo('/account/authenticators', around, { do: 'add', pending: view.pending }),
    html`${codePart(around, { fault: codeFault })}${textPart(name, language)}<button type="submit">${words.submit}</button>`,
  )
  const body = html`${authenticatorSteps(view, language)}
${form}
${cancelTo('/account/authenticators', around)}`
  const part = isAtName ? name : codeField(language, codeFault)
  return accountFrame({ ...view, title: words.newTitle, body, part }, around)
}

export function recoveryPage(view: RecoveryView, around: PeopleSurroundings): Page {
  const { language } = around
  const { recovery: words } = ACCESS_WORDS[language]
  const { left, hasFactor } = view
  const make = () => actionButton(around, '/account/recovery', { do: 'make' }, { text: words.make })
  const remake = () => confirmLink({ section: 'recovery', do: 'make' }, { text: words.remake }, around)
  const body = html`<p>${words.text}</p>
<p>${left === 0 ? words.none : words.left(left)}</p>
${hasFactor ? (left === 0 ? make() : html`<p>${remake()}</p>`) : html`<p class="note">${words.noFactor}</p>`}`
  return accountFrame({ ...view, title: ACCOUNT_WORDS[language].sections.recovery, body }, around)
}

export function newRecoveryCodesPage({ codes }: RecoveryCodesView, around: PeopleSurroundings): Page {
  const { language } = around
  const body = html`${codeList(codes, language)}
<p>${linkButton(linkTo('/account/recovery', around), PEOPLE_WORDS[language].codes.kept)}</p>`
  return accountFrame({ title: PEOPLE_WORDS[language].codes.title, body }, around)
}

function nameField(view: NewPasskeyView | NewAuthenticatorView, { language }: PeopleSurroundings, invalid: Content) {
  const isAtFault = view.fault === 'invalid' && view.at === 'name'
  return {
    name: 'name',
    label: local(ACCOUNT_WORDS[language].name),
    value: view.typed,
    fault: isAtFault ? invalid : undefined,
    required: true,
    autocomplete: 'off',
  } as const
}

function removeLink(section: 'passkeys' | 'authenticators', id: string, of: string, around: PeopleSurroundings): Html {
  return confirmLink({ section, do: 'remove', id }, { text: ACCOUNT_WORDS[around.language].remove, of }, around)
}

export function cancelTo(path: string, around: PeopleSurroundings): Html {
  return html`<p class="cancel"><a href="${linkTo(path, around)}">${PEOPLE_WORDS[around.language].cancel}</a></p>`
}
