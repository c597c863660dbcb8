import { ConnectorApp } from './connect_session_schemas.ts'
import { presentApp } from './connector_apps_presenting.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const connectorAppsGet = endpoint({
  name: 'connector-apps.get',
  method: 'GET',
  path: '/connectors/{id}/app',
  summary: 'Read how your application is registered at a service, without its secrets',
  permission: 'connectors.read',
  params: IdParams,
  response: ConnectorApp,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const stored = await parts.store.apps.get(params.id)
    if (stored === undefined) throw notFound('application of the connector', params.id)
    return presentApp(stored.app, parts)
  },
})
