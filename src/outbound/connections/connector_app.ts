import { OctroiError } from '../../core/errors.ts'
import type { Store } from '../../core/stores.ts'
import type { StoredApp } from '../../core/token_stores.ts'
import type { Connection, ConnectorApp, Secrets } from '../../core/types.ts'
import type { Vault } from '../../core/vault.ts'
import { fieldsOf, validateSecrets } from '../connectors/connection_input.ts'
import type { Connector } from '../connectors/connector.ts'
import { isAddress, isName } from '../connectors/setting_places.ts'
import type { ConnectionSecrets, Scheme } from '../scheme.ts'
import { SCHEMES } from '../schemes/index.ts'
import { appPlace } from './held.ts'

/** An application's configuration, opened. */
export interface OpenApp {
  readonly app: ConnectorApp
  readonly secrets: Secrets
}

export async function openApp(
  { vault }: { readonly vault: Vault },
  { app, sealed, dataKey }: StoredApp,
): Promise<OpenApp> {
  return { app, secrets: (await vault.openSecrets(dataKey, appPlace(app), sealed)).current }
}

/**
 * The application that a connection borrows its registration from: the one of the connector, when there is one and the connection
 * brings nothing of an application itself.
 */
export async function appFor(
  parts: { readonly vault: Vault; readonly store: Store },
  connector: Connector,
  schemeId: string,
  secrets: unknown,
): Promise<OpenApp | undefined> {
  const fields = Object.entries(SCHEMES[schemeId]?.requires(connector) ?? {}).filter(
    ([, field]) => field.scope === 'app',
  )
  const given = Object.keys((secrets ?? {}) as object)
  const brings = fields.some(([name, { aliases = [] }]) =>
    [name, ...aliases].some((spelling) => given.includes(spelling)),
  )
  return fields.length === 0 || brings ? undefined : sharedApp(parts, connector.id, schemeId)
}

/** The application of a connector, where it is one of this scheme. */
export async function sharedApp(
  parts: { readonly vault: Vault; readonly store: Store },
  connectorId: string,
  schemeId: string,
): Promise<OpenApp | undefined> {
  const stored = await parts.store.apps.get(connectorId)
  return stored?.app.scheme === schemeId ? openApp(parts, stored) : undefined
}

/** The secrets of a connection; with an application's, only those that are the connection's own. */
export function ownSecrets(
  connector: Connector,
  schemeId: string,
  secrets: unknown,
  app: OpenApp | undefined,
): Secrets {
  return validateSecrets(connector, schemeId, secrets, app === undefined ? 'all' : 'connection')
}

/** An application's secrets go where whoever entered them said: another address needs secrets of one's own (D8). */
export function requireAppAddresses(connector: Connector, connection: Connection, app: OpenApp | undefined): void {
  if (app === undefined) return
  const decided = Object.keys(connection.settings).filter(
    (name) => isDecisive(connector, name) && connection.settings[name] !== app.app.settings[name],
  )
  const paths = [...decided.map((name) => `settings.${name}`), ...(isOpened(connection) ? ['network'] : [])]
  if (paths.length === 0) return
  throw new OctroiError(
    'secrets_required',
    `This would send the secrets of the shared ${connector.name} application elsewhere. Give the application's secrets of your own.`,
    { errors: paths.map((path) => ({ path, message: 'is decided by the configuration of the connector' })) },
  )
}

/**
 * What a tenant may be handed of a connection that uses a shared application: the secrets of the application are those of every
 * tenant (D7). What may be shown of it (its name at the service) stays.
 */
export function withoutAppSecrets({ secrets, ...rest }: ConnectionSecrets, scheme: Scheme): ConnectionSecrets {
  const fields = fieldsOf(scheme.requires(rest.connector), 'app')
  const isShared = (name: string) => Object.hasOwn(fields, name) && fields[name]?.secret !== false
  return { ...rest, secrets: Object.fromEntries(Object.entries(secrets).filter(([name]) => !isShared(name))) }
}

export function isOpened({ network }: Connection): boolean {
  return Object.values(network).some((value) => value !== undefined && value !== false)
}

function isDecisive(connector: Connector, setting: string): boolean {
  return isAddress(connector, setting) || isName(connector, setting)
}
