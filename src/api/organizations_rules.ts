import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import type { Membership, Organization as Stored } from '../core/people_types.ts'
import type { Store } from '../core/stores.ts'
import type { Account } from '../core/types.ts'
import { requireAccount } from './accounts_holding.ts'
import { grantsByApplications, requireKnownTo } from './applications_holding.ts'
import type { Operation } from './endpoint.ts'
import { invalid } from './faults.ts'
import { requireHeld } from './grant_context.ts'
import { grantsOfGroups } from './holdings.ts'
import type { Member, Organization } from './organization_schemas.ts'
import { notFound } from './presenting.ts'
import { missingGroups } from './references.ts'

/** The rules that every change of an organization keeps. */

type Asking = Pick<Operation<unknown, unknown, unknown>, 'principal' | 'parts'>

/**
 * D6: whoever acts for the organization is in its groups, and who that is may be decided by its SIRET. So whoever changes it must hold what
 * they hold, before and after.
 */
export async function requireOrganization(
  { principal, parts }: Asking,
  store: Store,
  states: readonly Stored[],
): Promise<void> {
  for (const { id, groups } of states) {
    const entering = { account: { id: NOBODY, kind: 'person' as const }, groups, organizations: [id] }
    const gained = await grantsByApplications(store, entering, true)
    await requireKnownTo(store, entering, principal)
    if (groups.length === 0 && gained.length === 0) continue
    const grants = [...(await grantsOfGroups(store, groups)), ...gained]
    const visitor = { key_id: null, account: NOBODY, groups, proofs: [], possible: ['session' as const] }
    await requireHeld(store, parts.catalogue, principal, [
      { permissions: [], grants, groups, expires_at: null, cidrs: [], visitor },
    ])
  }
}

/** Not an id, so no route names it: only what the groups open counts. */
const NOBODY = ''

export async function checkOrganization(store: Store, { groups }: Stored): Promise<void> {
  const faults = await missingGroups(store, 'groups', groups)
  if (faults.length > 0) throw invalid('The organization is not valid.', faults)
}

export async function organizationFor(store: Store, id: string): Promise<Stored> {
  const organization = await store.organizations.get(id)
  if (organization === undefined) throw notFound('organization', id)
  return organization
}

/** D6: a member is in the groups of the organization besides his own. Gives back the account. */
export async function requireMember(
  asking: Asking,
  store: Store,
  organization: Stored,
  accountId: string,
): Promise<Account> {
  const account = await store.accounts.get(accountId)
  if (account === undefined) throw notFound('account', accountId)
  const acting = { ...account, groups: [...new Set([...account.groups, ...organization.groups])].sort() }
  await requireAccount(asking, store, [account, acting], [organization])
  return account
}

export function requirePerson({ id, kind }: Account): void {
  if (kind === 'person') return
  throw new OctroiError('conflict', `The account ${id} is that of a service: only people sign in and act for somebody.`)
}

export function presentOrganization(organization: Stored): z.input<typeof Organization> {
  return { ...organization, groups: [...organization.groups] }
}

/** One entry for each account, with all who say so. */
export function presentMembers(memberships: readonly Membership[]): z.input<typeof Member>[] {
  const members = new Map<string, z.input<typeof Member>>()
  for (const { account, organization, source, since } of memberships) {
    const member = members.get(account) ?? { account, organization, sources: [] }
    member.sources.push({ source, since })
    members.set(account, member)
  }
  return [...members.values()]
}
