import type { FormOf, SignInStage, Way } from '../sign_in/stage.ts'
import { type Content, type Html, html } from './html.ts'
import { type Language, withLanguage } from './language.ts'
import type { Page } from './page.ts'
import { formOf, passwordPart, textPart } from './parts.ts'
import { peoplePage, requestLine } from './people_page.ts'
import { linkButton, local, passkeyForm } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { linkTo, type PeopleSurroundings, postedTo } from './posting.ts'
import { shownFault } from './sign_in_faults.ts'
import { SIGN_IN_WORDS } from './sign_in_words.ts'

/** Where a sign-in begins: the form of one method, and the ways by the others. */

export type StageOf<K extends SignInStage['kind']> = Extract<SignInStage, { kind: K }>

export function choosePage(stage: StageOf<'choose'>, around: PeopleSurroundings): Page {
  const { form, ways, again, towards } = stage
  const words = SIGN_IN_WORDS[around.language]
  const body = html`${again && html`<p>${words.againText}</p>`}${towardsLine(towards, around)}
${form !== null && loginForm(stage, form, around)}
${form !== null && ways.length > 0 && html`<p class="or"><span>${PEOPLE_WORDS[around.language].or}</span></p>`}
${form === null && ways.length === 0 && html`<p class="note">${words.none}</p>`}
${waysOf(ways, form === null ? words.onlyWays : words.ways, around)}`
  const fault = shownFault(stage, around, {
    wrong: again && form?.fixedLogin === true ? words.faults.wrongAgain : words.faults.wrong,
    invalid: words.faults.empty,
    ...(form === null ? {} : { unavailable: words.faults.unavailable(form.name) }),
  })
  return peoplePage(around, { title: again ? words.againTitle : words.title, body, fault })
}

function loginForm({ flow, again, fault }: StageOf<'choose'>, form: FormOf, around: PeopleSurroundings): Html {
  const { language } = around
  const words = SIGN_IN_WORDS[language]
  const fixed = form.fixedLogin
  // What was typed wrongly is in the password more often than in the login, which stays.
  const atPassword = form.login !== ''
  const login = textPart(
    {
      name: 'login',
      label: local(fixed ? words.account : words.login),
      value: form.login,
      required: true,
      autocomplete: 'username',
      fixed: fixed ? 'posted' : undefined,
      first: !atPassword && fault === undefined,
    },
    language,
  )
  const password = passwordPart(
    {
      name: 'password',
      label: local(PEOPLE_WORDS[language].password),
      required: true,
      autocomplete: 'current-password',
      first: atPassword && fault === undefined,
    },
    language,
  )
  const reset =
    form.canReset === true && html`<p><a href="${linkTo('/sign-in/reset', around)}">${words.forgotten}</a></p>`
  return html`${formOf(
    postedTo(`/sign-in/${form.method}`, around, { flow }),
    html`${login}${password}<button type="submit">${again ? words.confirm : words.submit}</button>`,
  )}${reset}`
}

export function passkeyPage(stage: StageOf<'passkey'>, around: PeopleSurroundings): Page {
  const { method, flow, options, ways, towards } = stage
  const words = SIGN_IN_WORDS[around.language]
  const form = passkeyForm(around, {
    action: `/sign-in/${method}`,
    ask: 'get',
    options,
    hidden: { flow },
    submit: words.passkeySubmit,
    first: stage.fault === undefined,
  })
  const body = html`${towardsLine(towards, around)}
<p>${words.passkeyText}</p>
${form}
${waysOf(ways, words.ways, around, true)}`
  const fault = shownFault(stage, around, { wrong: PEOPLE_WORDS[around.language].passkey.refused })
  return peoplePage(around, { title: words.passkeyTitle, body, fault, passkey: true })
}

/** The method's own trouble. The way by another one stays open, and the flow with it. */
export function unavailablePage(stage: StageOf<'unavailable'>, around: PeopleSurroundings): Page {
  const words = SIGN_IN_WORDS[around.language]
  const body = html`<p>${words.unavailableText}</p>
${waysOf(stage.ways, words.ways, around, true)}
${requestLine(around)}`
  return peoplePage(around, { title: words.unavailableTitle(stage.method), body, status: stage.status })
}

export function towardsLine(towards: string | null, { language }: PeopleSurroundings): Html | undefined {
  return towards === null ? undefined : html`<p>${SIGN_IN_WORDS[language].towards(towards)}</p>`
}

/** Links that look like buttons. With its heading shown, or for those alone who hear it. */
export function waysOf(
  ways: readonly Way[],
  heading: Content & string,
  { language }: PeopleSurroundings,
  isShown = false,
): Html | undefined {
  if (ways.length === 0) return undefined
  const items = ways.map((way) => {
    return html`<li>${linkButton(withLanguage(way.address, language), labelOf(way, language), ' plain')}</li>`
  })
  return html`${isShown && html`<h2>${heading}</h2>`}<nav aria-label="${heading}"><ul class="stack">${items}</ul></nav>`
}

/** The names that these two have from the beginning are translated; one that an administrator gave is said as it is. */
function labelOf({ kind, name }: Way, language: Language): string {
  const words = SIGN_IN_WORDS[language]
  if (kind === 'passkey' && name === 'Passkey') return words.byPasskey
  if (kind === 'password' && name === 'Password') return words.byPassword
  return words.by(name)
}
