import type { Client } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account, Grant } from '../core/types.ts'
import { everyRow } from './every.ts'

/** As whom a person comes to applications. */
export interface Entering {
  readonly account: Pick<Account, 'id' | 'kind'>
  /** His own, and those of the organizations that he may act for. */
  readonly groups: readonly string[]
  readonly organizations: readonly string[]
}

/** What a person gets by signing in to the applications that he may use: the tokens that they get for him. */
export async function grantsByApplications(store: Store, person: Entering): Promise<Grant[]> {
  if (person.account.kind !== 'person') return []
  const clients = await everyRow((page) => store.clients.list(page))
  return clients
    .filter((client) => client.token.enabled && client.disabled_at === null && isOpenFor(client, person))
    .flatMap(({ token }) => token.grants)
}

function isOpenFor({ allow }: Client, { account, groups, organizations }: Entering): boolean {
  return (
    allow.authenticated ||
    allow.accounts.includes(account.id) ||
    allow.groups.some((id) => groups.includes(id)) ||
    allow.organizations.some((id) => organizations.includes(id))
  )
}
