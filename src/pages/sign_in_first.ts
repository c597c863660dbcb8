import { type Html, html } from './html.ts'
import type { Page } from './page.ts'
import { formOf, radioPart } from './parts.ts'
import { peoplePage } from './people_page.ts'
import { local } from './people_parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'
import { type StageOf, towardsLine, waysOf } from './sign_in_choose.ts'
import { cancelLine, stepForm } from './sign_in_step.ts'
import { STEP_WORDS } from './sign_in_step_words.ts'

/** Whom the person acts for, and whose account it is that an unknown identity belongs to. */

/** Posts `organization`, its id. */
export function organizationsPage(stage: StageOf<'organizations'>, around: PeopleSurroundings): Page {
  const { language } = around
  const words = STEP_WORDS[language]
  const options = stage.organizations.map(({ id, label, siret }) => ({
    value: id,
    label: local(label),
    hint: siret === null ? undefined : local(words.siret(spacedSiret(siret))),
  }))
  const label = local(words.organizationLabel(options.length))
  const picker = radioPart({ name: 'organization', label, required: true, options }, language)
  const body = html`${towardsLine(stage.towards, around)}<p>${words.organizationText}</p>
${formOf(stepForm(stage.step, around), html`${picker}<button type="submit">${PEOPLE_WORDS[language].proceed}</button>`)}
${cancelLine(around)}`
  return peoplePage(around, { title: words.organizationTitle, body })
}

/** As it is written on paper: `123 456 789 00012`. */
function spacedSiret(siret: string): string {
  return siret.replace(/^(\d{3})(\d{3})(\d{3})(\d{5})$/, '$1\u00a0$2\u00a0$3\u00a0$4')
}

/**
 * Somebody whom a provider vouches for and no account knows. Whether there is an account with his address he is told, which he could find
 * out by other means; whose it is, nobody is.
 */
export function firstPage(stage: StageOf<'first'>, around: PeopleSurroundings): Page {
  const words = STEP_WORDS[around.language]
  const { provider, addressKnown, canCreate, ways, step, towards } = stage
  const body = html`${towardsLine(towards, around)}<p>${words.firstText(provider)}</p>
${saidOf(stage, around)}
${addressKnown && ways.length > 0 && html`<p class="note">${words.known}</p>`}
${ways.length > 0 && html`<h2>${words.linkTitle}</h2><p>${words.linkText}</p>${waysOf(ways, words.linkTitle, around)}`}
${canCreate && createForm(step, around)}
${!canCreate && ways.length === 0 && html`<p class="note">${words.closed}</p>`}
${cancelLine(around)}`
  return peoplePage(around, { title: words.firstTitle, body })
}

function saidOf({ name, email }: StageOf<'first'>, { language }: PeopleSurroundings): Html | undefined {
  const words = STEP_WORDS[language]
  if (name === null && email === null) return undefined
  const row = (label: string, value: string | null) => value !== null && html`<dt>${label}</dt><dd>${value}</dd>`
  return html`<h2>${words.said}</h2><dl>${row(words.name, name)}${row(words.email, email)}</dl>`
}

function createForm(step: string, around: PeopleSurroundings): Html {
  const words = STEP_WORDS[around.language]
  const button = html`<button type="submit">${words.create}</button>`
  const form = postedTo(`/sign-in/step/${step}`, around, { choice: 'create' })
  return html`<h2>${words.createTitle}</h2><p>${words.createText}</p>${formOf(form, button)}`
}
