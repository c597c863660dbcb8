import { CONSENT_WORDS, type ConsentWords } from './consent_words.ts'
import { html } from './html.ts'
import type { Page } from './page.ts'
import { peoplePage, requestLine } from './people_page.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import type { PeopleSurroundings } from './posting.ts'
import { failedPage } from './sign_in_ended.ts'

export interface ProviderError {
  readonly status: number
  /** Of the standards: `invalid_request`. */
  readonly error: string
  readonly description: string | undefined
  /** The name of the application, where it is known. */
  readonly application: string | undefined
}

const SAID: Readonly<Record<string, keyof ConsentWords['error']>> = {
  invalid_client: 'client',
  invalid_redirect_uri: 'redirect',
  invalid_request_uri: 'stale',
}

/** The library's words for a request that waits no more, or waits for another browser: its code is that of any bad request. */
const STALE = /^(authorization request has expired|interaction session|authorization session|the session has ended)/

/** A request of an application that cannot even be answered to it. Where it is to blame, the person can do nothing but tell somebody. */
export function providerErrorPage(fault: ProviderError, around: PeopleSurroundings): Page {
  const { status, error, description, application } = fault
  if (status >= 500) return failedPage({ kind: 'failed', status: ours(status), again: null }, around)
  const words = CONSENT_WORDS[around.language]
  const said = description === undefined ? error : `${error}: ${description}`
  const body = html`${application !== undefined && html`<p><strong>${application}</strong></p>`}
<p>${words.error[reasonOf(fault)]}</p>
<p>${words.errorNext}</p>
${requestLine(around)}
<p class="quiet">${PEOPLE_WORDS[around.language].detail} <span lang="en">${said}</span></p>`
  return peoplePage(around, { title: words.errorTitle, body, status })
}

/** What can be said of it in words; anything else is a request that is not as it should be. */
function reasonOf({ error, description = '' }: ProviderError): keyof ConsentWords['error'] {
  if (STALE.test(description)) return 'stale'
  return Object.hasOwn(SAID, error) ? (SAID[error] ?? 'request') : 'request'
}

function ours(status: number): 500 | 502 | 503 | 504 {
  return status === 502 || status === 503 || status === 504 ? status : 500
}
