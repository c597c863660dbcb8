import { OctroiError } from '../core/errors.ts'
import type { Store } from '../core/stores.ts'
import type { ConnectorApp as Stored } from '../core/types.ts'
import { appPlace, withApp } from '../outbound/connections/held.ts'
import { checkOrigin } from '../outbound/connections/origin_check.ts'
import { changedMeanwhile } from '../outbound/connections/secrets_change.ts'
import { validateSecrets, validateSettings } from '../outbound/connectors/connection_input.ts'
import { holdsPermission } from '../policy/permissions.ts'
import { ConnectorApp, ConnectorAppSet } from './connect_session_schemas.ts'
import { chooseScheme, connectorFor } from './connections_rules.ts'
import { blankConnection, presentApp, requireAppScheme } from './connector_apps_presenting.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const connectorAppsSet = endpoint({
  name: 'connector-apps.set',
  method: 'PUT',
  path: '/connectors/{id}/app',
  summary: 'Give the registration of your application at a service, for all connections of the connector',
  description:
    'The client id and secret (or keys) that the service gave to your application. Connections that bring none of their own use it; its addresses are then the only ones that its secrets go to.',
  permission: 'connectors.write',
  params: IdParams,
  body: ConnectorAppSet,
  response: ConnectorApp,
  errors: ['not_found', 'conflict', 'insecure_upstream'],
  target: ({ id }) => `connector:${id}`,
  async handle({ principal, params, body, parts }) {
    if (parts.catalogue.get(params.id) === undefined) throw notFound('connector', params.id)
    const connector = connectorFor(parts, params.id)
    const scheme = chooseScheme(connector, body.scheme)
    requireAppScheme(connector, scheme)
    const before = await parts.store.apps.get(connector.id)
    const now = parts.now().toISOString()
    const app: Stored = {
      connector: connector.id,
      scheme,
      settings: validateSettings(connector, body.settings),
      network: body.network,
      created_at: before?.app.created_at ?? now,
      updated_at: now,
    }
    if (Object.keys(body.network).length > 0 && !holdsPermission(principal.permissions, 'connections.write_network'))
      throw new OctroiError('not_granted', 'This needs the permission connections.write_network.')
    const secrets = validateSecrets(connector, scheme, body.secrets, 'app')
    await checkOrigin(parts.listeners, connector, withApp(blankConnection(app), app))
    const isMoved = before !== undefined && JSON.stringify(appPlace(before.app)) !== JSON.stringify(appPlace(app))
    await parts.store.transaction(async (store) => {
      if (isMoved) await requireUnused(store, connector.id)
      const dataKey = before?.dataKey ?? (await parts.vault.newDataKey(store))
      const version = (before?.sealed.version ?? 0) + 1
      const sealed = await parts.vault.sealSecrets(dataKey, appPlace(app), { current: secrets, next: null }, version)
      if (before === undefined) await store.apps.insert(app, sealed, dataKey.id)
      else if (!(await store.apps.update(app, sealed, before.sealed.version))) throw changedMeanwhile()
    })
    return presentApp(app, parts)
  },
})

/** What its connections hold was given for the former addresses (D8). */
async function requireUnused(store: Store, connector: string): Promise<void> {
  const [user] = await store.connections.list({ limit: 1 }, { app: connector })
  if (user === undefined) return
  throw new OctroiError(
    'conflict',
    `Connections use it (${user.id} is one): its addresses stay. Delete them first, or use another connector file.`,
  )
}
