import { ACCESS_WORDS } from './account_access_words.ts'
import { accountFrame, confirmLink, rowList, timeOf, useOf } from './account_parts.ts'
import type { SessionsView, TokensView } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { html } from './html.ts'
import type { Language } from './language.ts'
import type { Page } from './page.ts'
import { actionButton } from './people_parts.ts'
import type { PeopleSurroundings } from './posting.ts'
import { browserOf } from './user_agent.ts'

/** Where one is signed in, and what applications hold. */

export function sessionsPage(view: SessionsView, around: PeopleSurroundings): Page {
  const { language } = around
  const { sessions: words } = ACCESS_WORDS[language]
  // The one that is read from stands first, then those that were used last.
  const used = ({ lastUsedAt, createdAt }: SessionsView['sessions'][number]) => lastUsedAt ?? createdAt
  const sessions = view.sessions.toSorted(
    (a, b) => Number(b.current) - Number(a.current) || used(b).localeCompare(used(a)),
  )
  const others = sessions.filter(({ current }) => !current)
  const body = html`<p>${words.text}</p>
${rowList(sessions.map((session) => sessionRow(session, around)))}
${others.length === 0 ? html`<p class="quiet">${words.none}</p>` : html`<p>${confirmLink({ section: 'sessions', do: 'end_others' }, { text: words.endOthers }, around)}</p>`}`
  return accountFrame({ ...view, title: ACCOUNT_WORDS[language].sections.sessions, body }, around)
}

function sessionRow(session: SessionsView['sessions'][number], around: PeopleSurroundings) {
  const { language } = around
  const { sessions: words } = ACCESS_WORDS[language]
  const { until } = ACCOUNT_WORDS[language]
  const { id, current, host, method, organization, address } = session
  const browser = browserName(session.userAgent, language)
  return {
    name: host ?? browser,
    tags: [current && words.this],
    details: [
      [host !== null && browser, words.from(address), words.by(method)],
      [organization !== null && words.for(organization)],
      [useOf(session.lastUsedAt ?? session.createdAt, language)],
      [words.begun(timeOf(session.createdAt, language)), until(timeOf(session.expiresAt, language))],
    ],
    acts:
      !current &&
      actionButton(
        around,
        '/account/sessions',
        { do: 'end', id },
        { text: words.end, of: `${host ?? browser}, ${address}`, look: 'plain small' },
      ),
  }
}

function browserName(userAgent: string, language: Language): string {
  const { sessions: words } = ACCESS_WORDS[language]
  const { browser, system } = browserOf(userAgent)
  if (browser === undefined) return userAgent === '' ? words.unknown : userAgent.slice(0, 80)
  return system === undefined ? browser : words.on(browser, system)
}

export function tokensPage(view: TokensView, around: PeopleSurroundings): Page {
  const { language } = around
  const { tokens: words } = ACCESS_WORDS[language]
  const { sections, since, until } = ACCOUNT_WORDS[language]
  const rows = view.tokens.map(({ id, name, createdAt, lastUsedAt, expiresAt }) => ({
    name,
    details: [
      [since(timeOf(createdAt, language)), useOf(lastUsedAt, language)],
      [expiresAt === null ? words.forever : until(timeOf(expiresAt, language))],
    ],
    acts: confirmLink({ section: 'tokens', do: 'revoke', id }, { text: words.revoke, of: name }, around),
  }))
  const body = html`<p>${words.text}</p>
${rows.length === 0 ? html`<p class="quiet">${words.none}</p>` : rowList(rows)}`
  return accountFrame({ ...view, title: sections.tokens, body }, around)
}
