import { z } from 'zod'
import { newEvent } from '../core/events.ts'
import { checkConnection, checkFault } from '../outbound/check.ts'
import { validateSecrets } from '../outbound/connection_input.ts'
import { connectionFor, connectorFor } from './connections_rules.ts'
import { changedMeanwhile } from './connections_update.ts'
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
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `connection:${id}`,
  async handle({ principal, params, body, parts }) {
    const stored = await connectionFor(parts.store, principal, 'connections.write', params.id)
    const { connection } = stored
    const next =
      body.secrets && validateSecrets(connectorFor(parts, connection.connector), connection.scheme, body.secrets)
    if (next !== null && body.verify) {
      const result = await checkConnection(parts.targets.compile(connection, next))
      if (!result.ok) throw checkFault(result)
    }
    const { current } = await parts.vault.openSecrets(stored.dataKey, connection, stored.sealed)
    const sealed = await parts.vault.sealSecrets(
      stored.dataKey,
      connection,
      { current, next },
      stored.sealed.version + 1,
    )
    await parts.store.transaction(async (store) => {
      if (!(await store.connections.updateSecrets(connection.id, sealed, stored.sealed.version)))
        throw changedMeanwhile()
      await store.events.insert(newEvent('connection.updated', `connection:${connection.id}`, { next: next !== null }))
    })
    return presentConnection({ ...connection, has_next: next !== null })
  },
})
