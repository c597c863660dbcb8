import type { Connector } from '../connectors/connector.ts'
import { ExchangeError } from '../exchange.ts'
import type { ClientCertificate, ConnectionSecrets, Scheme, SecretFields, Values } from '../scheme.ts'
import { clientCertificate } from './oauth/oauth_client.ts'
import { type KeptRules, keptBefore } from './oauth/oauth_kept.ts'
import type { CompiledParams } from './oauth/oauth_values.ts'
import {
  type CompiledOauth2,
  compileOauth2,
  oauth2Endpoints,
  oauth2Of,
  ownFields,
  tokenValues,
} from './oauth/oauth2_compiled.ts'
import { oauth2Consent } from './oauth/oauth2_consent.ts'
import { renew, revoke } from './oauth/oauth2_exchange.ts'
import { type Oauth2Section, oauth2Section } from './oauth/oauth2_section.ts'
import { placementNames, placementTemplates, signPlacements } from './placements.ts'
import { declared, referenced, unusable } from './placing.ts'

/** OAuth 2.0: a person agrees once (or the client alone may), and a short-lived token is sent and renewed. */
export const oauth2: Scheme = {
  id: 'oauth2',
  title: 'OAuth 2.0',
  section: {
    schema: oauth2Section,
    compile: compileOauth2,
    yields: (compiled) => (compiled === undefined ? [] : tokenValues((compiled as CompiledOauth2).kept)),
  },
  requires: fieldsOf,
  injects: injected,
  names: (connection) => placementNames(oauth2Of(connection.connector).apply, connection),
  sign(connection) {
    const { apply, client } = oauth2Of(connection.connector)
    const signature = signPlacements(apply, connection)
    return client.auth === 'mtls' ? { ...signature, certificate: presented(connection) } : signature
  },
  exchange: {
    durable: ['refresh_token', 'kept', 'identity'],
    endpoints: (connection) => oauth2Endpoints(oauth2Of(connection.connector), connection),
    run: renew,
    revoke,
    consent: oauth2Consent,
  },
}

/** The scheme's own fields, then what the connector's templates use besides. */
function fieldsOf(connector: Connector): SecretFields {
  const compiled = oauth2Of(connector)
  const own = ownFields(connector.sections.oauth2 as Oauth2Section)
  return declared(connector, own, [...new Set([...Object.keys(own), ...referenced(templatesOf(compiled))])])
}

function templatesOf(compiled: CompiledOauth2) {
  const { authorizeParams, tokenParams, refreshParams, tokenHeaders, client, apply } = compiled
  const params: CompiledParams = [...authorizeParams, ...tokenParams, ...refreshParams, ...tokenHeaders]
  const { kid, audience } = client.assertion ?? {}
  return [
    ...params.map(([, template]) => template),
    ...[kid ?? [], audience ?? []].flat(),
    ...placementTemplates(apply),
  ]
}

const UNDER_OTHER_NAMES = new Set('client_id client_secret oauth_refresh_token oauth_access_token'.split(' '))
/** They prove the client at the token endpoint, and nothing on a call. */
const NOT_INJECTED = new Set('private_key client_private_key client_certificate'.split(' '))

function injected(connection: ConnectionSecrets): Values {
  const { secrets, token } = connection
  const named = {
    oauth_access_token: token?.access_token,
    oauth_client_id: secrets.client_id,
    oauth_client_secret: secrets.client_secret,
    oauth_refresh_token: token?.refresh_token,
  }
  const others = Object.entries(secrets).filter(([name]) => !UNDER_OTHER_NAMES.has(name) && !NOT_INJECTED.has(name))
  return {
    ...keptValues(connection, oauth2Of(connection.connector).kept),
    ...Object.fromEntries(others),
    ...given(named),
  }
}

/** What the connector keeps of the token, under its own names. */
export function keptValues(connection: ConnectionSecrets, { keep }: KeptRules): Values {
  const all = keptBefore(connection)
  return given(Object.fromEntries(keep.map(([name]) => [name, all[name]])))
}

export function given(all: Readonly<Record<string, string | undefined>>): Values {
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** RFC 8705 §3: the token is bound to the certificate that it was asked for with. */
function presented(connection: ConnectionSecrets): ClientCertificate {
  try {
    return clientCertificate(connection)
  } catch (error) {
    throw error instanceof ExchangeError ? unusable(connection, error.detail) : error
  }
}
