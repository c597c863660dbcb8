import { OctroiError } from '../core/errors.ts'
import type { Client } from '../core/people_types.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account, Grant } from '../core/types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { everyRow } from './every.ts'

/** As whom a person comes to applications. */
export interface Entering {
  readonly account: Pick<Account, 'id' | 'kind'>
  /** His own, and those of the organizations that he may act for. */
  readonly groups: readonly string[]
  readonly organizations: readonly string[]
}

/** What a person gets by signing in to the applications that he may use: the tokens that they get for him. */
export async function grantsByApplications(store: Store, person: Entering, named = false): Promise<Grant[]> {
  if (person.account.kind !== 'person') return []
  const clients = await everyRow((page) => store.clients.list(page))
  return clients
    .filter(
      (client) =>
        client.token.enabled &&
        client.disabled_at === null &&
        isOpenFor(client, person) &&
        !(named && client.allow.authenticated),
    )
    .flatMap(({ token }) => token.grants)
}

/** Who is known to an application is somebody there, whether or not it gets tokens. */
export async function requireKnownTo(store: Store, person: Entering, principal: Principal): Promise<void> {
  if (person.account.kind !== 'person' || holdsPermission(principal.permissions, '*')) return
  const account = { id: principal.account ?? '', kind: 'person' as const }
  const caller = { account, groups: principal.groups, organizations: [] }
  const clients = await everyRow((page) => store.clients.list(page))
  const other = clients.find(
    (client) =>
      client.disabled_at === null &&
      !client.allow.authenticated &&
      isOpenFor(client, person) &&
      !isOpenFor(client, caller),
  )
  if (other !== undefined)
    throw new OctroiError('not_granted', `The application ${other.id} lets in who is meant, and not you.`)
}

function isOpenFor({ allow }: Client, { account, groups, organizations }: Entering): boolean {
  return (
    allow.authenticated ||
    allow.accounts.includes(account.id) ||
    allow.groups.some((id) => groups.includes(id)) ||
    allow.organizations.some((id) => organizations.includes(id))
  )
}
