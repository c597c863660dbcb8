import {
  ACCOUNT_SECTIONS,
  type AccountSection,
  type AccountView,
  CONFIRMED,
  type ConfirmView,
} from '../pages/account.ts'
import type { AccountDesk } from '../sign_in/account/actions.ts'
import { authenticatorName, listAuthenticators } from '../sign_in/account/authenticators.ts'
import { emailAddress, listEmails } from '../sign_in/account/emails.ts'
import { identityLabel, listIdentities, waysToLink } from '../sign_in/account/identities.ts'
import type { AccountParts, Own } from '../sign_in/account/own.ts'
import { applicationName, listApplications } from '../sign_in/account/own_applications.ts'
import { listPasskeys, passkeyName } from '../sign_in/account/own_passkeys.ts'
import { listSessions } from '../sign_in/account/own_sessions.ts'
import { listTokens, tokenName } from '../sign_in/account/own_tokens.ts'
import { passwordState } from '../sign_in/account/password.ts'
import { recoveryState } from '../sign_in/account/recovery.ts'

/** What a section of `/account` shows: read anew for every page. */

type Read = (parts: AccountParts, own: Own) => Promise<AccountView>

const READ: Readonly<Record<AccountSection, Read>> = {
  emails: async (parts, own) => ({
    kind: 'emails',
    emails: await listEmails(parts, own),
    canSend: parts.mail !== undefined,
  }),
  identities: async (parts, own) => ({
    kind: 'identities',
    identities: await listIdentities(parts, own),
    ways: await waysToLink(parts),
  }),
  password: async (parts, own) => ({ kind: 'password', ...(await passwordState(parts, own)) }),
  passkeys: async (parts, own) => ({
    kind: 'passkeys',
    passkeys: await listPasskeys(parts, own),
    isOffered: parts.passkeys !== undefined,
  }),
  authenticators: async (parts, own) => ({
    kind: 'authenticators',
    authenticators: await listAuthenticators(parts, own),
  }),
  recovery: async (parts, own) => ({ kind: 'recovery', ...(await recoveryState(parts, own)) }),
  sessions: async (parts, own) => ({ kind: 'sessions', sessions: await listSessions(parts, own) }),
  applications: async (parts, own) => ({ kind: 'applications', applications: await listApplications(parts, own) }),
  tokens: async (parts, own) => ({ kind: 'tokens', tokens: await listTokens(parts, own) }),
}

export function sectionOf(text: string | undefined): AccountSection | undefined {
  return ACCOUNT_SECTIONS.find((section) => section === text)
}

export function sectionView({ parts }: AccountDesk, own: Own, section: AccountSection): Promise<AccountView> {
  return READ[section](parts, own)
}

/** The name of what a question is about. Throws `NotOwn` for what is not his. */
const NAME: Readonly<Record<keyof typeof CONFIRMED, (parts: AccountParts, own: Own, id: string) => Promise<string>>> = {
  emails: emailAddress,
  identities: identityLabel,
  passkeys: passkeyName,
  authenticators: authenticatorName,
  applications: applicationName,
  tokens: tokenName,
  recovery: async () => '',
  sessions: async () => '',
}

/** Whether it is asked for first: `?confirm=` of a section that has such a question. */
export function isConfirmed(section: AccountSection, asked: string | undefined): section is keyof typeof CONFIRMED {
  const known: Readonly<Record<string, readonly string[]>> = CONFIRMED
  return asked !== undefined && known[section]?.includes(asked) === true
}

export async function confirmView(
  { parts }: AccountDesk,
  own: Own,
  section: keyof typeof CONFIRMED,
  asked: { readonly doing: string; readonly id: string },
): Promise<AccountView> {
  const label = await NAME[section](parts, own, asked.id)
  return { kind: 'confirm', section, do: asked.doing, id: asked.id, label } as ConfirmView
}
