import { renderSVG } from 'uqr'
import { attributes, type Content, type Html, html } from './html.ts'
import type { Language, LocalText } from './language.ts'
import { formOf, textPart } from './parts.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'

/** Pieces that the pages of sign-in and of `/account` share. */

/** A text of ours, or a name, which is in no language. */
export function local(text: string): LocalText {
  return { en: text, fr: text }
}

export function linkButton(address: string, text: Content, more = ''): Html {
  return html`<a class="button${more}" href="${address}">${text}</a>`
}

/** A button that is a whole form: it changes something at once. `of` names what, for those who hear one button after the other. */
export function actionButton(
  around: PeopleSurroundings,
  action: string,
  hidden: Readonly<Record<string, string>>,
  {
    text,
    of,
    look = 'plain',
  }: { readonly text: string; readonly of?: string; readonly look?: 'plain' | 'plain small' },
): Html {
  const own = attributes({ class: look, 'aria-label': of === undefined ? undefined : `${text} – ${of}` })
  return formOf(
    { ...postedTo(action, around, hidden), own: attributes({ class: 'act' }) },
    html`<button type="submit"${own}>${text}</button>`,
  )
}

/** The code of an authenticator app. */
export function codePart(around: PeopleSurroundings, more: { fault?: Content; key?: string; first?: boolean }): Html {
  return textPart({ ...codeField(around.language, more.fault), ...more, inputMode: 'numeric' }, around.language)
}

export function codeField(language: Language, fault?: Content) {
  const words = PEOPLE_WORDS[language]
  const autocomplete = 'one-time-code' as const
  return { name: 'code', label: local(words.code), hint: words.codeHint, fault, required: true, autocomplete }
}

/**
 * Asks the browser for a passkey; posts `response` besides what is hidden. Its button is there once the script has found that it can work:
 * without script, or in a browser that cannot, the page says so instead.
 */
export function passkeyForm(
  around: PeopleSurroundings,
  asked: {
    readonly action: string
    readonly ask: 'get' | 'create'
    readonly options: unknown
    readonly hidden: Readonly<Record<string, string>>
    readonly submit: string
    readonly first?: boolean
  },
  content?: Content,
): Html {
  const { unsupported, waiting, cancelled, exists, failed, script } = PEOPLE_WORDS[around.language].passkey
  const own = attributes({
    'data-passkey': asked.ask,
    'data-options': JSON.stringify(asked.options),
    'data-unsupported': unsupported,
    'data-waiting': waiting,
    'data-cancelled': cancelled,
    'data-exists': exists,
    'data-failed': failed,
  })
  const button = attributes({ hidden: true, autofocus: asked.first })
  return formOf(
    { ...postedTo(asked.action, around, { ...asked.hidden, response: '' }), own },
    html`${content}<noscript><p class="note">${script}</p></noscript>
<p class="note" role="status" hidden></p>
<button type="submit"${button}>${asked.submit}</button>`,
  )
}

export function passkeyScript({ basePath }: PeopleSurroundings): string {
  return `${basePath}/sign-in/passkey.js`
}

/** How to get the secret into the app: as a picture, and as text in groups of four. */
export function authenticatorSteps({ secret, uri }: { secret: string; uri: string }, language: Language): Html {
  const words = PEOPLE_WORDS[language].factor
  const picture = Buffer.from(renderSVG(uri, { ecc: 'M', border: 3, pixelSize: 4 })).toString('base64')
  return html`<p>${words.intro}</p>
<h2>1. ${words.scan}</h2>
<p><img class="qr" src="data:image/svg+xml;base64,${picture}" alt="${words.picture}" width="220" height="220"></p>
<p id="typed">${words.type}</p>
<p><code class="code" aria-labelledby="typed">${inFours(secret)}</code></p>
<h2>2. ${words.code}</h2>`
}

/** `ABCDEFGH` → `ABCD EFGH`. */
function inFours(text: string): string {
  return text.replace(/(.{4})(?=.)/g, '$1 ')
}

export function codeList(codes: readonly string[], language: Language): Html {
  const words = PEOPLE_WORDS[language].codes
  return html`<p>${words.text}</p>
<p class="note">${words.once}</p>
<ol class="codes" aria-label="${words.list}">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>`
}
