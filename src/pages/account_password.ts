import { accountFrame } from './account_parts.ts'
import type { PasswordView } from './account_view.ts'
import { ACCOUNT_WORDS } from './account_words.ts'
import { html } from './html.ts'
import type { Page } from './page.ts'
import { checkPart, formOf, passwordPart, textPart } from './parts.ts'
import { local } from './people_parts.ts'
import { type PeopleSurroundings, postedTo } from './posting.ts'
import { accountField, newPasswordFields } from './sign_in_link.ts'

export function passwordPage(view: PasswordView, around: PeopleSurroundings): Page {
  const { language } = around
  const { password: words, sections } = ACCOUNT_WORDS[language]
  const { fault, hasPassword, login } = view
  const current = {
    name: 'current',
    label: local(words.current),
    fault: fault === 'wrong' ? words.wrong : undefined,
    required: true,
    autocomplete: 'current-password',
  } as const
  const fields = newPasswordFields(fault === 'weak' || fault === 'differs' ? fault : undefined, language)
  const form = formOf(
    postedTo('/account/password', around, { do: 'change' }),
    html`${textPart(accountField(login, language), language)}${hasPassword && passwordPart(current, language)}${fields.content}${checkPart({ name: 'elsewhere', label: local(words.elsewhere), checked: true }, language)}<button type="submit">${words.submit}</button>`,
  )
  const isClosed = !hasPassword && view.isOffered === false
  const body = isClosed
    ? html`<p class="note">${words.closed}</p>`
    : html`${!hasPassword && html`<p>${words.none}</p>`}${form}`
  const part = current.fault === undefined ? fields.parts[0] : current
  return accountFrame({ ...view, title: sections.password, body, part }, around)
}
