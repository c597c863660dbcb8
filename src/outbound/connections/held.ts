import { OctroiError } from '../../core/errors.ts'
import type { StoredConnection } from '../../core/stores.ts'
import type { Connection, ConnectorApp, Secrets, Token } from '../../core/types.ts'
import type { SealedPlace, Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import type { Connector } from '../connectors/connector.ts'
import type { ConnectionSecrets, Scheme } from '../scheme.ts'
import { SCHEMES } from '../schemes/index.ts'

/** A connection with everything that it holds, opened. Never kept longer than it takes to make a request of it. */
export interface Held {
  /** As it works: with the application's settings and network, where it uses one. */
  readonly connection: Connection
  readonly connector: Connector
  readonly scheme: Scheme
  /** The application's included. */
  readonly secrets: Secrets
  readonly next: Secrets | null
  /** 0 for a connection that is not stored yet. */
  readonly secretsVersion: number
  readonly token: Token | null
  readonly tokenVersion: number
}

export async function openHeld(stored: StoredConnection, vault: Vault, catalogue: Catalogue): Promise<Held> {
  const { connection, sealed, token, dataKey, app } = stored
  const parts = schemeOf(connection, catalogue)
  const own = await vault.openSecrets(dataKey, connection, sealed)
  const shared = app === null ? null : (await vault.openSecrets(app.dataKey, appPlace(app.app), app.sealed)).current
  return {
    ...parts,
    connection: app === null ? connection : withApp(connection, app.app),
    secrets: { ...own.current, ...shared },
    next: own.next === null ? null : { ...own.next, ...shared },
    secretsVersion: sealed.version,
    token: token?.sealed == null ? null : await vault.openToken(dataKey, connection, token.sealed, sealed.version),
    tokenVersion: token?.version ?? 0,
  }
}

/** One that is not stored yet. `app` lends its secrets and decides where they go. */
export function heldOf(
  connection: Connection,
  secrets: Secrets,
  catalogue: Catalogue,
  app?: { readonly app: ConnectorApp; readonly secrets: Secrets } | undefined,
): Held {
  return {
    ...schemeOf(connection, catalogue),
    connection: app === undefined ? connection : withApp(connection, app.app),
    secrets: { ...secrets, ...app?.secrets },
    next: null,
    secretsVersion: 0,
    token: null,
    tokenVersion: 0,
  }
}

/** What a scheme is given of it. */
export function secretsOf({ connector, connection, secrets, token }: Held): ConnectionSecrets {
  const base = { connector, settings: connection.settings, secrets }
  return token === null ? base : { ...base, token: token.values }
}

/** Where an application's secrets go is what whoever entered them said: a connection that uses them cannot send them elsewhere (D8). */
export function withApp(connection: Connection, app: ConnectorApp): Connection {
  return { ...connection, settings: { ...connection.settings, ...app.settings }, network: app.network }
}

/** What an application's secrets are sealed for. */
export function appPlace({ connector, scheme, settings, network }: ConnectorApp): SealedPlace {
  return { id: `app ${connector}`, connector, scheme, settings, network }
}

function schemeOf(connection: Connection, catalogue: Catalogue): Pick<Held, 'connector' | 'scheme'> {
  const connector = catalogue.get(connection.connector)
  if (connector === undefined) {
    throw new OctroiError(
      'reconnect_required',
      `The connector ${connection.connector} is not in the catalogue any more.`,
    )
  }
  const scheme = Object.hasOwn(SCHEMES, connection.scheme) ? SCHEMES[connection.scheme] : undefined
  if (scheme === undefined || !connector.schemes.includes(connection.scheme)) {
    throw new OctroiError('reconnect_required', `${connector.name} does not offer ${connection.scheme} any more.`)
  }
  return { connector, scheme }
}
