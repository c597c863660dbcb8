import type { z } from 'zod'
import type { Connection, ConnectorApp as Stored } from '../core/types.ts'
import { freshConnection } from '../outbound/connections/fresh_connection.ts'
import { fieldsOf } from '../outbound/connectors/connection_input.ts'
import type { Connector } from '../outbound/connectors/connector.ts'
import { callbackPath } from '../outbound/onboarding/callback.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'
import type { ConnectorApp } from './connect_session_schemas.ts'
import { fault } from './connections_rules.ts'
import type { ApiParts } from './endpoint.ts'

export function presentApp(app: Stored, { about }: Pick<ApiParts, 'about'>): z.input<typeof ConnectorApp> {
  const { allow_private, ...network } = app.network
  const reach = allow_private === undefined || typeof allow_private === 'boolean' ? allow_private : [...allow_private]
  return {
    connector: app.connector,
    scheme: app.scheme,
    settings: { ...app.settings },
    network: { ...network, ...(reach === undefined ? {} : { allow_private: reach }) },
    redirect_uri: `${about.public_url}${callbackPath(blankConnection(app))}`,
    created_at: app.created_at,
    updated_at: app.updated_at,
  }
}

/** Where a scheme has nothing that belongs to an application there is nothing to give. */
export function requireAppScheme(connector: Connector, scheme: string): void {
  const fields = fieldsOf(SCHEMES[scheme]?.requires(connector) ?? {}, 'app')
  if (Object.keys(fields).length === 0)
    throw fault('scheme', `${scheme} has no secrets of an application: each connection brings its own`)
}

/** A connection that uses the application and decides nothing itself. */
export function blankConnection({ connector, scheme, created_at }: Stored): Connection {
  const chosen = { id: connector, connector, scheme, name: connector, settings: {}, tags: {}, network: {}, options: {} }
  return freshConnection({ ...chosen, app: connector }, created_at)
}
