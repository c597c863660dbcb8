import { OctroiError } from '../core/errors.ts'
import type { Principal } from '../core/program_types.ts'
import type { ApiKey, Connection, Grant } from '../core/types.ts'
import { requireHoldings } from '../policy/escalation.ts'
import { grantAppliesTo } from '../policy/grants.ts'
import { holdsAtConnection, holdsPermission } from '../policy/permissions.ts'
import type { ApiParts } from './endpoint.ts'
import { everyKey, everyRow } from './every.ts'

/**
 * Tags are rights: a grant or a permission that goes by tags begins to hold at a connection that is given them. Whoever changes
 * them must hold at the connection, as it was, all that any key, account or group gains (D6): else whoever may edit connections could tag the one that
 * his own key then passes through.
 */
export async function requireRightsOfTags(
  { store, catalogue }: Pick<ApiParts, 'store' | 'catalogue'>,
  principal: Principal,
  before: Connection,
  after: Connection,
): Promise<void> {
  if (JSON.stringify(before.tags) === JSON.stringify(after.tags)) return
  if (holdsPermission(principal.permissions, '*')) return
  const keys = (await everyKey(store)).filter((key) => key.revoked_at === null)
  const accounts = await everyRow((page) => store.accounts.list(page))
  const groups = await everyRow((page) => store.groups.list(page))
  const lacking = keys
    .flatMap((key) => gainedPermissions(key, before, after))
    .find((name) => !holdsAtConnection(principal.permissions, name, before))
  if (lacking !== undefined) {
    throw new OctroiError(
      'not_granted',
      `These tags would give some key a permission that you do not hold here: ${lacking}.`,
    )
  }
  const context = { connection: () => before, connector: (id: string) => catalogue.get(id), routes: [] }
  const grants = [...keys, ...accounts, ...groups].flatMap((holder) => gainedGrants(holder, before, after))
  // What the keys are fenced in by does not change with the tags.
  const { expires_at, cidrs } = principal
  requireHoldings(principal, { permissions: [], grants, groups: [], expires_at, cidrs }, context)
}

function gainedPermissions(key: ApiKey, before: Connection, after: Connection): string[] {
  return key.permissions.flatMap((held) => {
    if (typeof held === 'string') return []
    const gained =
      holdsAtConnection([held], held.permission, after) && !holdsAtConnection([held], held.permission, before)
    return gained ? [held.permission] : []
  })
}

function gainedGrants(holder: { readonly grants: readonly Grant[] }, before: Connection, after: Connection): Grant[] {
  return holder.grants
    .filter((grant) => grantAppliesTo(grant, after) && !grantAppliesTo(grant, before))
    .map(({ allow, params, credentials }) => ({ connection: before.id, allow, params, credentials }))
}
