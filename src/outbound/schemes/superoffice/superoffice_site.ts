import type { Connector } from '../../connectors/connector.ts'
import type { Template } from '../../connectors/template.ts'
import type { ConnectionSettings } from '../../scheme.ts'
import { endpointOf } from '../endpoints.ts'
import { maybeAddress } from '../oauth/oauth_values.ts'
import type { Placements } from '../placements.ts'

/** What the section `superoffice` of a connector comes to. */
export interface SuperofficeSection {
  readonly url: Template
  readonly loginUrl: Template | undefined
  readonly tenant: Template
  /** With a key: a ticket of the system user. */
  readonly ticket: Placements
  /** Without: the access token of the person. */
  readonly bearer: Placements
}

/** The claims of id_tokens and tickets (so-docs, "Validate security tokens"). */
export const IDENTITY = 'http://schemes.superoffice.net/identity/'

export function superofficeOf(connector: Connector): SuperofficeSection {
  return connector.compiled.schemes.superoffice as SuperofficeSection
}

/** Where people sign in and tickets come from; also the issuer of id_tokens. Without a slash at its end. */
export function siteOf(connection: ConnectionSettings): string {
  const { url, loginUrl } = superofficeOf(connection.connector)
  return maybeAddress(loginUrl, connection) ?? endpointOf(url, connection)
}

export const keysAddress = (site: string) => `${site}/login/.well-known/jwks`
