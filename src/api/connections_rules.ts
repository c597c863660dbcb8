import { type FieldError, OctroiError } from '../core/errors.ts'
import type { Principal } from '../core/program_types.ts'
import type { Store, StoredConnection } from '../core/stores.ts'
import type { Connection, NetworkPolicy } from '../core/types.ts'
import type { Connector } from '../outbound/connectors/connector.ts'
import { parseRule } from '../policy/pattern.ts'
import { holdsAtConnection, holdsPermission } from '../policy/permissions.ts'
import type { ApiParts } from './endpoint.ts'
import { invalid } from './faults.ts'
import { notFound } from './presenting.ts'

/** The rules that every change of a connection keeps. */

/** Somebody without the permission at this connection must not learn that it exists. */
export async function connectionFor(
  store: Store,
  principal: Principal,
  permission: string,
  id: string,
): Promise<StoredConnection> {
  const stored = await store.connections.get(id)
  if (stored === undefined || !holdsAtConnection(principal.permissions, permission, stored.connection)) {
    throw notFound('connection', id)
  }
  return stored
}

export function requireAtConnection(
  principal: Principal,
  permission: string,
  connection: Pick<Connection, 'id' | 'tags'>,
): void {
  if (holdsAtConnection(principal.permissions, permission, connection)) return
  throw new OctroiError('not_granted', `This needs the permission ${permission} at the connection ${connection.id}.`)
}

export function connectorFor(parts: ApiParts, id: string): Connector {
  const connector = parts.catalogue.get(id)
  if (connector === undefined) throw fault('connector', `there is no connector ${id}`)
  return connector
}

export function chooseScheme(connector: Connector, asked: string | undefined): string {
  const scheme = asked ?? connector.schemes[0]
  if (scheme === undefined || !connector.schemes.includes(scheme)) {
    throw fault('scheme', `${connector.id} offers ${connector.schemes.join(', ')}`)
  }
  return scheme
}

/** Only rules that the connector has can be opened, and only an administrator opens one. */
export function checkAllowNever(
  principal: Principal,
  connector: Connector,
  before: readonly string[],
  after: readonly string[],
): void {
  const errors: FieldError[] = after.flatMap((rule, i) =>
    connector.never.includes(rule)
      ? []
      : [
          {
            path: `allow_never.${i}`,
            message: `${connector.id} has no such rule; it has ${connector.never.join(', ') || 'none'}`,
          },
        ],
  )
  if (errors.length > 0) throw invalid('The opened rules are not valid.', errors)
  for (const rule of after) parseRule(rule)
  if (after.every((rule) => before.includes(rule)) || holdsPermission(principal.permissions, '*')) return
  throw new OctroiError('not_granted', 'Opening what a connector never lets through is an administrator’s decision.')
}

/** Widening where a connection may go needs a permission of its own (D9). */
export function checkNetworkPermission(principal: Principal, connection: Connection, before: NetworkPolicy): void {
  if (JSON.stringify(before) === JSON.stringify(connection.network)) return
  requireAtConnection(principal, 'connections.write_network', connection)
}

export function fault(path: string, message: string): OctroiError {
  return invalid('The connection is not valid.', [{ path, message }])
}
