import type { Principal } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import type { Connection, Grant } from '../core/types.ts'
import type { Catalogue } from '../outbound/connectors/catalogue.ts'
import { type GrantReads, type Holdings, requireHoldings } from '../policy/escalation.ts'
import { holdsPermission } from '../policy/permissions.ts'

/** The connections and connectors that the given grants speak of, read once. */
export async function grantContext(
  store: Store,
  catalogue: Catalogue,
  ...lists: readonly (readonly Grant[])[]
): Promise<GrantReads> {
  const connections = new Map<string, Connection>()
  for (const { connection } of lists.flat()) {
    if (connection === undefined || connections.has(connection)) continue
    const stored = await store.connections.get(connection)
    if (stored !== undefined) connections.set(connection, stored.connection)
  }
  return { connection: (id) => connections.get(id), connector: (id) => catalogue.get(id) }
}

/**
 * No escalation (D6): throws `not_granted` unless the caller holds all that each of these holds. Asked before anything else is said of
 * what they name: what a grant's names come to would tell of connections that the caller has nothing to do with.
 */
export async function requireHeld(
  store: Store,
  catalogue: Catalogue,
  principal: Principal,
  targets: readonly Holdings[],
): Promise<void> {
  if (holdsPermission(principal.permissions, '*')) return
  const grants = targets.map((target) => target.grants)
  const context = await grantContext(store, catalogue, principal.grants, ...grants)
  const routes = await store.routes.all()
  for (const target of targets) requireHoldings(principal, target, { ...context, routes })
}
