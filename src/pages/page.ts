import { attributes, type Html, html } from './html.ts'
import { LANGUAGES, type Language, withLanguage } from './language.ts'
import { STYLE, STYLE_SOURCE } from './style.ts'
import { LANGUAGE_NAMES, WORDS } from './words.ts'

/** A page and its headers, of the shape of a problem document: whoever sends one sends the other. */
export interface Page {
  readonly status: number
  /** Flat list: name, value, name, value. */
  readonly headers: readonly string[]
  readonly body: string
}

/** What every page knows of where it stands. */
export interface Surroundings {
  readonly language: Language
  /** What people call this installation: the name of the organisation. Without one, the host stands for it. */
  readonly installation?: string | undefined
  /** The host of the public URL, which people can compare with the address bar. */
  readonly host: string
  /**
   * The address of this page without `lang`, for the link to the other language. Leave it out where the page cannot be asked for again:
   * the answer to a callback.
   */
  readonly address?: string | undefined
}

export interface PageContent extends Surroundings {
  /** Also the heading of the browser's tab. */
  readonly title: string
  readonly body: Html
  /** 200 by default. */
  readonly status?: number | undefined
  /**
   * Origins besides our own that a form of the page may end at (`https://login.example.com`). Chromium holds every redirect after a POST
   * against them, the later ones of other hosts too; where those are not known, answer the POST with a page that leads on (`onward`).
   */
  readonly formOrigins?: readonly string[] | undefined
  /** Leads on to this address at once, without script. */
  readonly onward?: string | undefined
  /** The path of our own script, on the few pages that need one (passkeys). */
  readonly script?: string | undefined
  /** When it may be tried again: `Retry-After`. */
  readonly retryAfterS?: number | undefined
}

/** A whole document with the headers that go with it. No script stands in it, and none runs but the one of ours that it names. */
export function renderPage(content: PageContent): Page {
  const body = `<!doctype html>\n${documentOf(content)}`
  return {
    status: content.status ?? 200,
    headers: [
      'Content-Type',
      'text/html; charset=utf-8',
      'Content-Length',
      String(Buffer.byteLength(body)),
      'Content-Language',
      content.language,
      'Content-Security-Policy',
      policy(content.formOrigins ?? [], content.script !== undefined),
      ...(content.retryAfterS === undefined ? [] : ['Retry-After', String(content.retryAfterS)]),
      ...FIXED_HEADERS,
    ],
    body,
  }
}

const FIXED_HEADERS = [
  // What a page shows is for who asked, now: neither a proxy nor the back button of the next person keeps it.
  'Cache-Control',
  'no-store',
  // The address of a page can be a capability (a connect link): it goes to no other host. With this policy a form arrives with
  // `Origin: null` (Fetch §3.2, "serializing a request origin"), so what says where a POST is from is `Sec-Fetch-Site` and its token.
  'Referrer-Policy',
  'no-referrer',
  'X-Content-Type-Options',
  'nosniff',
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Cross-Origin-Resource-Policy',
  'same-origin',
  'X-Robots-Tag',
  'noindex, nofollow',
]

function policy(formOrigins: readonly string[], withScript: boolean): string {
  const targets = ["'self'", ...new Set(formOrigins.map(origin))]
  return [
    "default-src 'none'",
    ...(withScript ? ["script-src 'self'"] : []),
    `style-src ${STYLE_SOURCE}`,
    // The icon of the tab, and the QR code of an authenticator app.
    'img-src data:',
    `form-action ${targets.join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** An origin and nothing else: a `;` or a space would write the rest of the policy. */
function origin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text)) return text
  throw new Error('The target of a form is given as an origin: https://host or https://host:port.')
}

function documentOf(content: PageContent): Html {
  const { language, host, installation, title, body, onward, script } = content
  return html`<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – ${installation ?? host}</title>
${onward !== undefined && html`<meta http-equiv="refresh" content="0; url=${webAddress(onward)}">`}
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%230b7a9c' stroke-width='2.4' stroke-linecap='round'%3E%3Cpath d='M4 21V11a8 8 0 0 1 16 0v10M12 3v18M4 14h16'/%3E%3C/svg%3E">
${STYLE}
${script !== undefined && html`<script src="${ownPath(script)}" defer></script>`}
</head>
<body>
<header><p>${GATE}<span>${installation ?? host}</span></p>${languageLink(content)}</header>
<main><section>${body}</section></main>
<footer><p>Octroi · ${host}</p></footer>
</body>
</html>
`
}

const GATE = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M4 21V11a8 8 0 0 1 16 0v10M12 3v18M4 14h16"/></svg>`

function languageLink({ language, address }: PageContent): Html | undefined {
  const other = LANGUAGES.find((candidate) => candidate !== language)
  if (address === undefined || other === undefined) return undefined
  const named = attributes({ lang: other, hreflang: other })
  return html`<nav aria-label="${WORDS[language].switchLanguage}"><a href="${withLanguage(address, other)}"${named}>${LANGUAGE_NAMES[other]}</a></nav>`
}

function ownPath(text: string): string {
  if (/^\/[\w.~-][\w.~/-]*$/.test(text)) return text
  throw new Error('A script of a page is given as a path of ours.')
}

function webAddress(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text).href
  throw new Error('A page leads on to an address that begins with https:// or http://.')
}
