import { listAuthenticators } from './authenticators.ts'
import { listEmails } from './emails.ts'
import type { AccountParts, Own } from './own.ts'
import { listApplications } from './own_applications.ts'
import { listSessions } from './own_sessions.ts'
import { listTokens } from './own_tokens.ts'

/** All that there is of an account, counted. */
export async function overview(parts: AccountParts, own: Own) {
  const { store, factors } = parts
  const { account } = own
  const [organizations, emails, identities, stored, state, authenticators, sessions, applications, tokens] =
    await Promise.all([
      organizationsOf(parts, account.id),
      listEmails(parts, own),
      store.identities.of(account.id),
      store.accounts.get(account.id),
      factors.state(account.id),
      listAuthenticators(parts, own),
      listSessions(parts, own),
      listApplications(parts, own),
      listTokens(parts, own),
    ])
  return {
    account: account.id,
    name: account.name,
    groups: account.groups,
    organizations,
    emails,
    identities: identities.length,
    hasPassword: stored?.has_password === true,
    passkeys: state.passkeys,
    authenticators: authenticators.length,
    recoveryCodes: state.recoveryCodes,
    sessions: sessions.length,
    applications: applications.length,
    tokens: tokens.length,
  }
}

/** Each once, whoever said that he belongs to it. */
async function organizationsOf({ store }: AccountParts, account: string) {
  const ids = new Set((await store.organizations.membershipsOf(account)).map(({ organization }) => organization))
  const found = await Promise.all([...ids].map((id) => store.organizations.get(id)))
  return found.flatMap((organization) =>
    organization ? [{ label: organization.label, siret: organization.siret }] : [],
  )
}
