import { attributes, type Html, html } from './html.ts'
import type { Page } from './page.ts'
import { formOf, textPart } from './parts.ts'
import { peoplePage, type ShownFault } from './people_page.ts'
import { authenticatorSteps, codeField, codeList, codePart, local, passkeyForm } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { linkTo, type PeopleSurroundings, postedTo } from './posting.ts'
import { type StageOf, towardsLine } from './sign_in_choose.ts'
import { shownFault } from './sign_in_faults.ts'
import { STEP_WORDS } from './sign_in_step_words.ts'

/** The second factor: asked for, or set up. Each form posts its one field to the step. */

export function secondFactorPage(stage: StageOf<'second_factor'>, around: PeopleSurroundings): Page {
  const { totp, recovery, passkey, towards } = stage
  const words = STEP_WORDS[around.language]
  const hasPasskey = passkey !== null && passkey !== undefined
  const body = html`${towardsLine(towards, around)}<p>${words.secondText}</p>
${totp && byCode(stage, around)}
${hasPasskey && byPasskey(stage, around)}
${recovery && byRecovery(stage, around)}
${!totp && !recovery && !hasPasskey && html`<p class="note">${words.nothing}</p>`}
${cancelLine(around)}`
  const fault = shownFault(stage, around, { wrong: words.wrong, invalid: words.wrong })
  return peoplePage(around, { title: words.secondTitle, body, fault, passkey: hasPasskey })
}

function byCode({ step, fault }: StageOf<'second_factor'>, around: PeopleSurroundings): Html {
  const words = STEP_WORDS[around.language]
  return html`<p>${words.byCode}</p>${formOf(
    stepForm(step, around),
    html`${codePart(around, { first: fault === undefined })}<button type="submit">${words.bySubmit}</button>`,
  )}`
}

function byPasskey({ step, passkey, totp }: StageOf<'second_factor'>, around: PeopleSurroundings): Html {
  const words = STEP_WORDS[around.language]
  const form = passkeyForm(around, {
    action: `/sign-in/step/${step}`,
    ask: 'get',
    options: passkey,
    hidden: {},
    submit: words.byPasskey,
    first: !totp,
  })
  return html`${totp && orLine(around)}<p>${words.byPasskeyText}</p>${form}`
}

/** Folded away where there is another factor: codes are for when that one is lost. */
function byRecovery({ step, totp, passkey }: StageOf<'second_factor'>, around: PeopleSurroundings): Html {
  const { language } = around
  const words = STEP_WORDS[language]
  const label = local(words.recoveryCode)
  const field = { name: 'recovery_code', label, required: true, autocomplete: 'off' } as const
  const isOnly = !totp && (passkey === null || passkey === undefined)
  const form = formOf(
    stepForm(step, around),
    html`<p>${words.byRecoveryText}</p>${textPart(field, language)}<button type="submit">${words.bySubmit}</button>`,
  )
  return html`<details${attributes({ open: isOnly })}><summary>${words.byRecovery}</summary>${form}</details>`
}

export function enrolPage(stage: StageOf<'enrol'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = STEP_WORDS[language]
  const { step, towards } = stage
  const shown = enrolFault(stage, around)
  const fault = shown?.parts?.[0]?.fault
  const body = html`${towardsLine(towards, around)}<p>${words.enrolText}</p>
${authenticatorSteps(stage, language)}
${formOf(
  stepForm(step, around),
  html`${codePart(around, { fault })}<button type="submit">${words.enrolSubmit}</button>`,
)}
${cancelLine(around)}`
  return peoplePage(around, { title: words.enrolTitle, body, fault: shown })
}

/** A wrong code is said at its field. */
function enrolFault(stage: StageOf<'enrol'>, around: PeopleSurroundings): ShownFault | undefined {
  const shown = shownFault(stage, around)
  const words = PEOPLE_WORDS[around.language].faults
  if (shown === undefined || (stage.fault !== 'wrong' && stage.fault !== 'invalid')) return shown
  const said = stage.fault === 'wrong' ? words.code : words.digits
  return { status: shown.status, parts: [codeField(around.language, said)] }
}

export function recoveryCodesPage(stage: StageOf<'recovery_codes'>, around: PeopleSurroundings): Page {
  const words = PEOPLE_WORDS[around.language].codes
  const body = html`${codeList(stage.codes, around.language)}
${formOf(stepForm(stage.step, around), html`<button type="submit">${words.kept}</button>`)}`
  return peoplePage(around, { title: words.title, body })
}

export function stepForm(step: string, around: PeopleSurroundings) {
  return postedTo(`/sign-in/step/${step}`, around)
}

/** The step is left as it is: worth nothing in another browser, and soon nothing at all. */
export function cancelLine(around: PeopleSurroundings): Html {
  return html`<p class="cancel"><a href="${linkTo('/sign-in', around)}">${PEOPLE_WORDS[around.language].cancel}</a></p>`
}

function orLine({ language }: PeopleSurroundings): Html {
  return html`<p class="or"><span>${PEOPLE_WORDS[language].or}</span></p>`
}
