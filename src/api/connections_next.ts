import { z } from 'zod'
import { newEvent } from '../core/events.ts'
import { openApp, ownSecrets } from '../outbound/connections/connector_app.ts'
import { heldOf } from '../outbound/connections/held.ts'
import { changeSecrets } from '../outbound/connections/secrets_change.ts'
import { connectionFor, connectorFor } from './connections_rules.ts'
import { requireWorks } from './connections_trying.ts'
import { endpoint } from './endpoint.ts'
import { presentConnection } from './presenting.ts'
import { Connection, IdParams } from './schemas.ts'

export const connectionsNext = endpoint({
  name: 'connections.next',
  method: 'PUT',
  path: '/connections/{id}/next',
  summary: 'Give the secrets that the connection will change over to',
  description:
    'Both sets are held: calls go out with the current one, and with the next one as soon as the service refuses the current and takes the next. "secrets": null drops the next set.',
  permission: 'connections.write',
  params: IdParams,
  body: z.strictObject({
    secrets: z.record(z.string().max(100), z.string()).nullable(),
    verify: z.boolean().default(false),
  }),
  response: Connection,
  errors: ['not_found', 'conflict', 'busy'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, body, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    const { connection } = stored
    const connector = connectorFor(parts, connection.connector)
    const app = stored.app === null ? undefined : await openApp(parts, stored.app)
    const next = body.secrets && ownSecrets(connector, connection.scheme, body.secrets, app)
    if (next !== null && body.verify) await requireWorks(parts, heldOf(connection, next, parts.catalogue, app))
    const { current } = await parts.vault.openSecrets(stored.dataKey, connection, stored.sealed)
    await changeSecrets(parts, stored, {
      after: connection,
      sets: { current, next },
      keep: 'all',
      record: (store) =>
        store.events.insert(newEvent('connection.updated', `connection:${connection.id}`, { next: next !== null })),
    })
    return presentConnection({ ...connection, has_next: next !== null })
  },
})
