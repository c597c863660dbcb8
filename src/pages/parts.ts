import { type Attributes, attributes, type Content, type Html, html } from './html.ts'
import { inLanguage, type Language, type LocalText, spoken } from './language.ts'
import { WORDS } from './words.ts'

/** The parts of forms. Each has its label, hint and fault tied to it, so that what is seen is also heard (WCAG 1.3.1, 3.3.1, 3.3.2). */

export interface Part {
  /** As it is posted. Unique in its form. */
  readonly name: string
  /** Tells it from parts of the same name in other forms of the page. */
  readonly key?: string | undefined
  readonly label: LocalText
  readonly hint?: Content
  /** What is wrong with it, as a sentence. */
  readonly fault?: Content
  readonly required: boolean
  /** Says `(required)` or `(optional)` after the label. Leave it out where the form says once that all is required. */
  readonly marked?: boolean | undefined
}

export interface TextPart extends Part {
  readonly value?: string | undefined
  /** A token of HTML §4.10.18.7.1. `off` for what is not about the person who types. */
  readonly autocomplete: 'off' | 'username' | 'email' | 'name' | 'organization' | 'one-time-code'
  readonly inputMode?: 'text' | 'url' | 'email' | 'numeric' | undefined
  /** It is shown and cannot be changed: what tells a store of passwords whose password this is. `shown`: it is not posted. */
  readonly fixed?: 'posted' | 'shown' | undefined
  /** It has the focus when the page opens. */
  readonly first?: boolean | undefined
}

/** Never has a value: a secret that was typed is not sent back. */
export interface PasswordPart extends Part {
  /**
   * `current-password` and `new-password` for passwords of this site. A secret of another system is `new-password`: it is what keeps
   * browsers from filling in the password of this one (`off` they ignore).
   */
  readonly autocomplete: 'current-password' | 'new-password'
  readonly first?: boolean | undefined
}

export interface CheckPart {
  readonly name: string
  readonly label: LocalText
  /** Posted as `on`, or not at all. */
  readonly checked: boolean
}

export interface MultilinePart extends Part {
  readonly value?: string | undefined
}

export interface Option {
  readonly value: string
  readonly label: LocalText
  readonly hint?: LocalText | undefined
}

export interface ChoicePart extends Part {
  readonly options: readonly Option[]
  readonly value?: string | undefined
}

/** Texts with names of things: no capital and no correction of the device's own. */
const AS_TYPED = { autocapitalize: 'none', spellcheck: 'false' }

export function textPart(part: TextPart, language: Language): Html {
  const { autocomplete, inputMode: inputmode, value, fixed, first: autofocus } = part
  const fixing = { readonly: fixed !== undefined, ...(fixed === 'shown' ? { name: undefined, required: false } : {}) }
  const more = { type: 'text', autocomplete, inputmode, value, autofocus, ...AS_TYPED }
  return framed(part, language, html`<input${attributes({ ...tied(part), ...fixing, ...more })}>`)
}

export function passwordPart(part: PasswordPart, language: Language): Html {
  const { autocomplete, first: autofocus } = part
  const own = attributes({ ...tied(part), type: 'password', autocomplete, autofocus, ...AS_TYPED })
  return framed(part, language, html`<input${own}>`)
}

export function checkPart({ name, label, checked }: CheckPart, language: Language): Html {
  const own = attributes({ id: idOf({ name }), name, checked })
  return html`<div class="field check"><label><input type="checkbox" value="on"${own}><span>${spoken(label, language)}</span></label></div>`
}

export function multilinePart(part: MultilinePart, language: Language): Html {
  const own = attributes({ ...tied(part), rows: 7, autocomplete: 'off', ...AS_TYPED })
  // The parser drops one line break at the start (HTML §13.1.2.5): with one of ours, one that was typed stays.
  return framed(
    part,
    language,
    html`<textarea${own}>
${part.value}</textarea>`,
  )
}

export function selectPart(part: ChoicePart, language: Language): Html {
  const none = part.options.some(({ value }) => value === part.value)
    ? undefined
    : html`<option value="">${WORDS[language].choose}</option>`
  const options = part.options.map(({ value, label }) => {
    const selected = attributes({ selected: value === part.value, lang: foreign(label, language) })
    return html`<option value="${value}"${selected}>${inLanguage(label, language)}</option>`
  })
  return framed(part, language, html`<select${attributes(tied(part))}>${none}${options}</select>`)
}

/** A group of radio buttons; more than eight scroll within their own frame, so that the button below stays near. */
export function radioPart(part: ChoicePart, language: Language): Html {
  const id = idOf(part)
  const { name, required, options } = part
  const group = attributes({ ...described(part), 'aria-invalid': part.fault ? 'true' : undefined, class: 'field' })
  const rows = options.map(({ value, label, hint }, i) => {
    const own = attributes({ id: i === 0 ? id : `${id}-${i}`, checked: value === part.value, required })
    const more = hint !== undefined && html` <span class="hint">${spoken(hint, language)}</span>`
    return html`<label><input type="radio" name="${name}" value="${value}"${own}><span>${spoken(label, language)}${more}</span></label>`
  })
  const many = attributes({ class: options.length > 8 ? 'choices many' : 'choices' })
  return html`<fieldset role="radiogroup"${group}><legend>${spoken(part.label, language)}${mark(part, language)}</legend>${notes(part, language)}<div${many}>${rows}</div></fieldset>`
}

/** Stands before the form of a page that came back; it has the focus, and its links lead to the fields. */
export function faultSummary(
  faults: readonly Pick<Part, 'name' | 'key' | 'label' | 'fault'>[],
  { message, more }: { readonly message?: Content; readonly more?: Content },
  language: Language,
): Html {
  const items = faults.map(
    (part) => html`<li><a href="#${idOf(part)}">${spoken(part.label, language)}</a> – ${part.fault}</li>`,
  )
  const list = items.length > 0 && html`<ul>${items}</ul>`
  const paragraph = (text: Content) => (text ? html`<p>${text}</p>` : undefined)
  return html`<div role="alert" tabindex="-1" autofocus><h2>${WORDS[language].problem}</h2>${paragraph(message)}${list}${paragraph(more)}</div>`
}

export interface Form {
  /** Where it is posted: an address of ours, or one that `formOrigins` of the page names. */
  readonly action: string
  readonly csrf: string
  readonly language: Language
  readonly hidden?: Readonly<Record<string, string | undefined>> | undefined
  /** Of the form's own tag. */
  readonly own?: Attributes | undefined
}

/** Always a POST. Carries `csrf`, and `lang`, so that what comes back is in the language that was read. */
export function formOf({ action, csrf, language, hidden = {}, own }: Form, content: Content): Html {
  const carried = Object.entries({ csrf, lang: language, ...hidden }).map(
    ([name, value]) => value !== undefined && html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return html`<form method="post" action="${action}"${own}>${carried}${content}</form>`
}

/** `settings.base_url` → `field-settings-base_url`; with the key `app`, `field-app-...`. */
export function idOf({ name, key }: Pick<Part, 'name' | 'key'>): string {
  return `field-${key === undefined ? '' : `${key}-`}${name.replaceAll('.', '-')}`
}

function framed(part: Part, language: Language, input: Html): Html {
  const label = html`<label for="${idOf(part)}">${spoken(part.label, language)}${mark(part, language)}</label>`
  return html`<div class="field">${label}${notes(part, language)}${input}</div>`
}

function tied(part: Part) {
  const { name, required, fault } = part
  return { id: idOf(part), name, required, 'aria-invalid': fault ? 'true' : undefined, ...described(part) }
}

function described(part: Part) {
  const { hint, fault } = part
  const id = idOf(part)
  const ids = [hint ? `${id}-hint` : '', fault ? `${id}-fault` : ''].filter(Boolean)
  return { 'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined }
}

function notes(part: Part, language: Language): Html {
  const { hint, fault } = part
  const id = idOf(part)
  const below = fault ? html`<span class="fault" id="${id}-fault">${WORDS[language].error} ${fault}</span>` : undefined
  return html`${hint ? html`<span class="hint" id="${id}-hint">${hint}</span>` : undefined}${below}`
}

function mark({ required, marked }: Part, language: Language): Html | undefined {
  if (marked !== true) return undefined
  return html` <span class="mark">(${WORDS[language][required ? 'required' : 'optional']})</span>`
}

function foreign(text: LocalText, language: Language): string | undefined {
  return typeof text === 'string' && language !== 'en' ? 'en' : undefined
}
