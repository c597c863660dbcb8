import { accountFault, doneNotice, pathOf } from './account_parts.ts'
import type { AccountSection, OverviewView } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { type Content, type Html, html } from './html.ts'
import type { Language } from './language.ts'
import type { Page } from './page.ts'
import { peoplePage } from './people_page.ts'
import { linkButton } from './people_parts.ts'
import { linkTo, type PeopleSurroundings } from './posting.ts'

/** The first page of `/account`: who one is here, and what there is of each kind. */
export function overviewPage(view: OverviewView, around: PeopleSurroundings): Page {
  const { language } = around
  const words = ACCOUNT_WORDS[language]
  const sections = Object.entries(summaries(view, language)) as [AccountSection, Content][]
  const links = sections.map(
    ([section, summary]) =>
      html`<li><a href="${linkTo(pathOf(section), around)}"><strong>${words.sections[section]}</strong> <span class="quiet">${summary}</span></a></li>`,
  )
  const body = html`${view.done !== undefined && doneNotice(view.done, language)}${whoOf(view, language)}
<ul class="menu">${links}</ul>
<p>${linkButton(linkTo('/session/sign-out', around), words.signOut, ' plain')}</p>`
  return peoplePage(around, { title: words.title, body, fault: accountFault(view, language) })
}

function whoOf({ account, name, organizations, groups }: OverviewView, language: Language): Html {
  const words = ACCOUNT_WORDS[language]
  const labels = organizations.map(({ label }) => html`<li>${label}</li>`)
  return html`<dl>
<dt>${words.name}</dt><dd>${name}</dd>
<dt>${words.login}</dt><dd>${account}</dd>
${labels.length > 0 && html`<dt>${words.organizations}</dt><dd><ul>${labels}</ul></dd>`}
${groups.length > 0 && html`<dt>${words.groups}</dt><dd>${groups.join(', ')}</dd>`}
</dl>`
}

function summaries(view: OverviewView, language: Language): Readonly<Record<AccountSection, Content>> {
  const { count } = ACCOUNT_WORDS[language]
  const first = view.emails.find(({ primary }) => primary) ?? view.emails[0]
  const more = view.emails.length > 1 ? ` (+ ${view.emails.length - 1})` : ''
  return {
    emails: first === undefined ? count.noEmail : `${first.address}${more}`,
    password: view.hasPassword ? count.set : count.unset,
    passkeys: view.passkeys,
    authenticators: view.authenticators,
    recovery: view.recoveryCodes === 0 ? 0 : count.left(view.recoveryCodes),
    identities: view.identities,
    sessions: view.sessions,
    applications: view.applications,
    tokens: view.tokens,
  }
}
