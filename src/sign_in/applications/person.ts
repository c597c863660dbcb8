import type { Client, Organization, Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Account } from '../../core/types.ts'
import { canonicalEmail } from '../../policy/email.ts'
import type { Entrant } from './contract.ts'

/** Who a person is to an application. */
export interface ApplicationPerson {
  readonly account: Account
  readonly organization: Organization | null
  /** His, and those of the organization that he acts for. */
  readonly groups: readonly string[]
  readonly role: string
  /** Where nobody has checked one, the one that his provider named: `emailVerified` says which it is. */
  readonly email: string | null
  readonly emailVerified: boolean
}

/** `undefined`: the account is gone, disabled, or may no longer use the application. */
export async function personOf(
  store: Store,
  client: Client,
  session: Pick<Session, 'account' | 'organization'>,
): Promise<ApplicationPerson | undefined> {
  const account = await store.accounts.get(session.account)
  if (account === undefined || account.disabled_at !== null) return undefined
  const organization =
    session.organization === null ? null : ((await store.organizations.get(session.organization)) ?? null)
  if (!allows(client, { account, organization })) return undefined
  const groups = groupsOf({ account, organization })
  const role = client.roles.find(({ group }) => groups.includes(group))?.role ?? client.default_role
  return { account, organization, groups, role, ...(await addressOf(store, account)) }
}

/** Whether the operator lets him use it. An application that is switched off lets in nobody. */
export function allows(client: Client, entrant: Entrant): boolean {
  const { allow, disabled_at } = client
  if (disabled_at !== null) return false
  return (
    allow.authenticated ||
    allow.accounts.includes(entrant.account.id) ||
    groupsOf(entrant).some((group) => allow.groups.includes(group)) ||
    (entrant.organization !== null && allow.organizations.includes(entrant.organization.id))
  )
}

function groupsOf({ account, organization }: Entrant): readonly string[] {
  return [...new Set([...account.groups, ...(organization?.groups ?? [])])].sort()
}

async function addressOf(
  store: Store,
  { id, email }: Account,
): Promise<Pick<ApplicationPerson, 'email' | 'emailVerified'>> {
  const known = await store.emails.of(id)
  if (email === null) {
    const first = known.find(({ verified_at }) => verified_at !== null) ?? known[0]
    return { email: first?.address ?? null, emailVerified: first !== undefined && first.verified_at !== null }
  }
  const canonical = canonicalEmail(email)
  const own = known.find((address) => address.canonical === canonical)
  return { email, emailVerified: own !== undefined && own.verified_at !== null }
}
