import { OctroiApiError, type OctroiClient, type Output } from '../client/index.ts'
import { type Connector, isOfApp, missingSecrets } from './connection_giving.ts'

/** Registrations of an application at a service, one for each connector at most. */

export type App = Output<'GET', '/connectors/{id}/app'>

/** The registration that connections of the connector share; `undefined` where there is none, or this key may not know. */
export async function appOf(server: OctroiClient, connector: string): Promise<App | undefined> {
  try {
    return await server.get('/connectors/{id}/app', { params: { id: connector } })
  } catch (error) {
    if (error instanceof OctroiApiError && ['not_found', 'not_granted'].includes(error.code)) return undefined
    throw error
  }
}

/** Of the connectors that have anything of an application; there is no list of them. */
export async function readApps(server: OctroiClient, connectors: readonly Connector[]): Promise<App[]> {
  const taking = connectors.filter((connector) =>
    connector.schemes.some((scheme) => appSecrets(connector, scheme).length > 0),
  )
  const found: App[] = []
  for (const { id } of taking) {
    const app = await appOf(server, id)
    if (app !== undefined) found.push(app)
  }
  return found
}

/** The names of those that must be given. */
export function appSecrets(connector: Connector | undefined, scheme: string): string[] {
  if (connector === undefined) return []
  return missingSecrets(connector, scheme, {}).flatMap(({ name, field }) => (isOfApp(field) ? [name] : []))
}
