import { makeConnection } from '../outbound/connections/connection_making.ts'
import { appFor, ownSecrets, requireAppAddresses } from '../outbound/connections/connector_app.ts'
import { freshConnection } from '../outbound/connections/fresh_connection.ts'
import { validateSettings } from '../outbound/connectors/connection_input.ts'
import {
  checkAllowNever,
  checkNetworkPermission,
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
  errors: ['conflict', 'insecure_upstream', 'secrets_required'],
  target: (_, answer) => made('connection', answer),
  async handle({ principal, body, parts }) {
    const connector = connectorFor(parts, body.connector)
    const scheme = chooseScheme(connector, body.scheme)
    const app = await appFor(parts, connector, scheme, body.secrets)
    // What is not said is as the application has it, and not as the connector would.
    const settings = validateSettings(connector, { ...app?.app.settings, ...body.settings })
    const secrets = ownSecrets(connector, scheme, body.secrets, app)
    const id = await chooseId(
      body.id,
      connector.id,
      async (wanted) => (await parts.store.connections.get(wanted)) !== undefined,
    )
    const chosen = {
      id,
      connector: connector.id,
      scheme,
      name: body.name ?? connector.name,
      settings,
      tags: body.tags,
      network: body.network,
      options: { limits: body.limits, timeouts: body.timeouts, allow_never: body.allow_never, replay_s: body.replay_s },
      app: app?.app.connector ?? null,
    }
    const connection = freshConnection(chosen, parts.now().toISOString())
    requireAtConnection(principal, 'connections.write', connection)
    checkNetworkPermission(principal, connection, {})
    checkAllowNever(principal, connector, [], body.allow_never)
    requireAppAddresses(connector, connection, app)
    const made = await makeConnection(parts, connection, secrets, { app, verify: body.verify })
    return presentConnection(made)
  },
})
