import type { FormFault } from '../sign_in/stage.ts'
import { type Content, html } from './html.ts'
import type { Language } from './language.ts'
import type { Page } from './page.ts'
import { formOf, type Part, passwordPart, textPart } from './parts.ts'
import { peoplePage, type ShownFault } from './people_page.ts'
import { linkButton, local } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { linkTo, type PeopleSurroundings, postedTo } from './posting.ts'
import { type StageOf, waysOf } from './sign_in_choose.ts'
import { shownFault } from './sign_in_faults.ts'
import { SIGN_IN_WORDS } from './sign_in_words.ts'

/** Passwords by a link that came by mail, and the link itself. */

export function setPasswordPage(stage: StageOf<'set_password'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = SIGN_IN_WORDS[language]
  const isInvited = stage.purpose === 'invitation'
  const fields = newPasswordFields(stage.fault, language)
  const account = textPart(accountField(stage.login, language), language)
  const form = formOf(
    postedTo(`/sign-in/link/${stage.link}`, around),
    html`${account}${fields.content}<button type="submit">${words.setSubmit}</button>`,
  )
  const body = html`<p>${isInvited ? words.invitationText : words.resetText}</p>
${form}
${waysOf(stage.ways, words.invitationWays, around, true)}`
  const shown = shownFault(stage, around)
  const fault: ShownFault | undefined =
    shown && (fields.parts.length > 0 ? { ...shown, message: undefined, parts: fields.parts } : shown)
  return peoplePage(around, { title: isInvited ? words.invitationTitle(stage.name) : words.resetTitle, body, fault })
}

/** Stores of passwords save under this name (HTML §4.10.18.7.1, `username`). */
export function accountField(login: string, language: Language) {
  const label = local(SIGN_IN_WORDS[language].account)
  return { name: 'login', label, value: login, required: true, autocomplete: 'username', fixed: 'shown' } as const
}

/** `password` and `again`, each with what is wrong with it. `parts`: those that have a fault. */
export function newPasswordFields(
  fault: FormFault | undefined,
  language: Language,
): { readonly content: Content; readonly parts: readonly Part[] } {
  const words = PEOPLE_WORDS[language]
  const autocomplete = 'new-password' as const
  const password = {
    name: 'password',
    label: local(words.newPassword),
    hint: words.passwordRule,
    fault: fault === 'weak' || fault === 'invalid' ? words.faults.weak : undefined,
    required: true,
    autocomplete,
  }
  const again = {
    name: 'again',
    label: local(words.repeatPassword),
    fault: fault === 'differs' ? words.faults.differs : undefined,
    required: true,
    autocomplete,
  }
  return {
    content: html`${passwordPart(password, language)}${passwordPart(again, language)}`,
    parts: [password, again].filter((part) => part.fault !== undefined),
  }
}

export function askResetPage(stage: StageOf<'ask_reset'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = SIGN_IN_WORDS[language]
  if (stage.noMail === true) return noMailPage(around)
  const isEmpty = stage.fault === 'invalid'
  const field = {
    name: 'login',
    label: local(words.login),
    fault: isEmpty ? words.askEmpty : undefined,
    required: true,
    autocomplete: 'username',
    first: stage.fault === undefined,
  } as const
  const body = html`<p>${words.askText}</p>
${formOf(
  postedTo('/sign-in/reset', around),
  html`${textPart(field, language)}<button type="submit">${words.askSubmit}</button>`,
)}
<p><a href="${linkTo('/sign-in', around)}">${words.toSignIn}</a></p>`
  const shown = shownFault(stage, around)
  const fault = shown && isEmpty ? { ...shown, message: undefined, parts: [field] } : shown
  return peoplePage(around, { title: words.askTitle, body, fault })
}

/** No mail leaves here: nothing is asked that nobody could answer. */
function noMailPage(around: PeopleSurroundings): Page {
  const words = SIGN_IN_WORDS[around.language]
  const body = html`<p>${words.askNoMail}</p>
<p>${linkButton(linkTo('/sign-in', around), words.toSignIn, ' plain')}</p>`
  return peoplePage(around, { title: words.askTitle, body })
}

/** The same whether or not there is such an account. */
export function resetAskedPage(around: PeopleSurroundings): Page {
  const words = SIGN_IN_WORDS[around.language]
  const body = html`<p>${words.askedText}</p>
<p>${words.askedNext}</p>
<p>${linkButton(linkTo('/sign-in', around), words.toSignIn, ' plain')}</p>`
  return peoplePage(around, { title: words.askedTitle, body })
}
