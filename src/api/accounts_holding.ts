import type { Organization } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { grantsByApplications, requireKnownTo } from './applications_holding.ts'
import type { Operation } from './endpoint.ts'
import { everyKey } from './every.ts'
import { requireHeld } from './grant_context.ts'
import { grantsOfGroups, holdingsOfAccount, holdingsOfKey } from './holdings.ts'

type Asking = Pick<Operation<unknown, unknown, unknown>, 'principal' | 'parts'>

/**
 * The account as it is and as it would be, with its keys each time: a key without groups of its own has those of its account. A person has
 * those of every organization that he may act for besides, and what the applications that he may use get for him.
 */
export async function requireAccount(
  { principal, parts }: Asking,
  store: Store,
  states: readonly Account[],
  joining: readonly Organization[] = [],
): Promise<void> {
  if (holdsPermission(principal.permissions, '*')) return
  const [{ id }] = states as [Account]
  // What was revoked is revoked for good, and holds nothing.
  const keys = (await everyKey(store, { account: id })).filter(({ revoked_at }) => revoked_at === null)
  const organizations = [...(await organizationsOf(store, id)), ...joining]
  for (const account of states) {
    const groups = [...new Set([...account.groups, ...organizations.flatMap((one) => one.groups)])].sort()
    const entering = { account, groups, organizations: organizations.map((one) => one.id) }
    await requireKnownTo(store, entering, principal)
    const gained = [...(await grantsOfGroups(store, groups)), ...(await grantsByApplications(store, entering))]
    const own = holdingsOfAccount({ ...account, groups }, gained, principal)
    const ofKeys = keys.map((key) => holdingsOfKey(key.id, key, account))
    await requireHeld(store, parts.catalogue, principal, [own, ...ofKeys])
  }
}

async function organizationsOf(store: Store, account: string): Promise<Organization[]> {
  const organizations: Organization[] = []
  for (const { organization } of await store.organizations.membershipsOf(account)) {
    const found = await store.organizations.get(organization)
    if (found !== undefined) organizations.push(found)
  }
  return organizations
}

/**
 * Whoever gives out a key of an account speaks for it: applications know its holder by the account, whatever the key itself may do. So he
 * must hold all that the account and its other keys hold, or it is his own.
 */
export async function requireSpeakingFor(asking: Asking, store: Store, account: Account): Promise<void> {
  if (account.id !== asking.principal.account) await requireAccount(asking, store, [account])
}
