import { newEvent } from '../core/events.ts'
import type { Connection as Stored } from '../core/types.ts'
import { checkConnection, checkFault } from '../outbound/check.ts'
import { validateSecrets, validateSettings } from '../outbound/connection_input.ts'
import {
  checkAllowNever,
  checkNetworkPermission,
  checkOrigin,
  chooseScheme,
  connectorFor,
  requireAtConnection,
} from './connections_rules.ts'
import { endpoint } from './endpoint.ts'
import { chooseId, made, presentConnection } from './presenting.ts'
import { Connection, ConnectionCreate } from './schemas.ts'

export const connectionsCreate = endpoint({
  name: 'connections.create',
  method: 'POST',
  path: '/connections',
  summary: 'Connect an account at a service',
  description: 'Secrets are sealed and never answered. With verify, the connector’s test request is made first.',
  permission: 'connections.write',
  body: ConnectionCreate,
  response: Connection,
  status: 201,
  errors: ['conflict', 'insecure_upstream'],
  target: (_, answer) => made('connection', answer),
  async handle({ principal, body, parts }) {
    const connector = connectorFor(parts, body.connector)
    const scheme = chooseScheme(connector, body.scheme)
    const settings = validateSettings(connector, body.settings)
    const secrets = validateSecrets(connector, scheme, body.secrets)
    const now = parts.now().toISOString()
    const id = await chooseId(
      body.id,
      connector.id,
      async (wanted) => (await parts.store.connections.get(wanted)) !== undefined,
    )
    const connection: Stored = {
      id,
      connector: connector.id,
      scheme,
      name: body.name ?? connector.name,
      settings,
      tags: body.tags,
      network: body.network,
      options: { limits: body.limits, timeouts: body.timeouts, allow_never: body.allow_never, replay_s: body.replay_s },
      has_next: false,
      state: 'ready',
      state_reason: null,
      state_since: now,
      created_at: now,
      updated_at: now,
    }
    requireAtConnection(principal, 'connections.write', connection)
    checkNetworkPermission(principal, connection, {})
    checkAllowNever(principal, connector, [], body.allow_never)
    await checkOrigin(parts, connector, connection)
    if (body.verify) {
      const result = await checkConnection(parts.targets.compile(connection, secrets))
      if (!result.ok) throw checkFault(result)
    }
    await parts.store.transaction(async (store) => {
      const dataKey = await parts.vault.newDataKey(store)
      const sealed = await parts.vault.sealSecrets(dataKey, connection, { current: secrets, next: null }, 1)
      await store.connections.insert(connection, sealed, dataKey.id)
      await store.events.insert(newEvent('connection.created', `connection:${id}`, { connector: connector.id }))
    })
    return presentConnection(connection)
  },
})
