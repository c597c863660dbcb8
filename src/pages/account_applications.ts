import type { OpenIdScope } from '../core/openid_types.ts'
import { ACCESS_WORDS } from './account_access_words.ts'
import { accountFrame, confirmLink, rowList, timeOf } from './account_parts.ts'
import type { ApplicationsView } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { html } from './html.ts'
import type { Language } from './language.ts'
import type { Page } from './page.ts'
import type { PeopleSurroundings } from './posting.ts'

/** Applications that know one by the OpenID provider, each with what it may know and do. */
export function applicationsPage(view: ApplicationsView, around: PeopleSurroundings): Page {
  const { language } = around
  const { applications: words } = ACCESS_WORDS[language]
  const rows = view.applications.map(({ id, name, since, scopes, signedIn, offline }) => ({
    name,
    tags: [signedIn && words.signedIn],
    details: [[words.since(timeOf(since, language))], [knownOf(scopes, language)], [offline && words.offline]],
    acts: confirmLink({ section: 'applications', do: 'revoke', id }, { text: words.revoke, of: name }, around),
  }))
  const body = html`<p>${words.text}</p>
${rows.length === 0 ? html`<p class="quiet">${words.none}</p>` : rowList(rows)}`
  return accountFrame({ ...view, title: ACCOUNT_WORDS[language].sections.applications, body }, around)
}

const LISTS: Readonly<Record<Language, Intl.ListFormat>> = {
  en: new Intl.ListFormat('en-GB'),
  fr: new Intl.ListFormat('fr-FR'),
}

/** `It knows that it is you, your name and your e-mail address.` */
function knownOf(scopes: readonly OpenIdScope[], language: Language): string {
  const { applications: words } = ACCESS_WORDS[language]
  const known = scopes.flatMap((scope) => (scope === 'offline_access' ? [] : words.scopes[scope]))
  if (known.length === 0) return words.nothing
  return `${words.knows} ${LISTS[language].format(known)}.`
}
