import type { Store } from '../core/stores.ts'
import type { Connection, Grant } from '../core/types.ts'
import type { Catalogue } from '../outbound/connectors/catalogue.ts'
import type { GrantContext } from '../policy/escalation.ts'

/** The connections and connectors that the given grants speak of, read once. */
export async function grantContext(
  store: Store,
  catalogue: Catalogue,
  ...lists: readonly (readonly Grant[])[]
): Promise<GrantContext> {
  const connections = new Map<string, Connection>()
  for (const { connection } of lists.flat()) {
    if (connection === undefined || connections.has(connection)) continue
    const stored = await store.connections.get(connection)
    if (stored !== undefined) connections.set(connection, stored.connection)
  }
  return { connection: (id) => connections.get(id), connector: (id) => catalogue.get(id) }
}
