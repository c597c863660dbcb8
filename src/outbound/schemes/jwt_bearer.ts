import type { ConnectionSecrets, Scheme, Values } from '../scheme.ts'
import { type CompiledJwtBearer, compileJwtBearer, jwtBearerFields, jwtBearerOf } from './oauth/jwt_bearer_compiled.ts'
import { jwtBearerConsent, mint, revoke } from './oauth/jwt_bearer_exchange.ts'
import { jwtBearerSection } from './oauth/jwt_bearer_section.ts'
import { addresses } from './oauth/oauth_values.ts'
import { tokenValues } from './oauth/oauth2_compiled.ts'
import { given, keptValues } from './oauth2.ts'
import { placementNames, signPlacements } from './placements.ts'

/** A private key signs a short JWT that is exchanged for a token: Google service accounts, Salesforce, DocuSign (RFC 7523 §2.1). */
export const jwtBearer: Scheme = {
  id: 'jwt_bearer',
  title: 'Signed JWT for a token (RFC 7523)',
  section: {
    schema: jwtBearerSection,
    compile: compileJwtBearer,
    yields: (compiled) => (compiled === undefined ? [] : tokenValues((compiled as CompiledJwtBearer).kept)),
  },
  requires: jwtBearerFields,
  injects: injected,
  names: (connection) => placementNames(jwtBearerOf(connection.connector).apply, connection),
  sign: (connection) => signPlacements(jwtBearerOf(connection.connector).apply, connection),
  exchange: {
    durable: ['kept', 'identity'],
    endpoints(connection) {
      const { tokenUrl, revocationUrl, userinfoUrl, consent } = jwtBearerOf(connection.connector)
      return addresses([tokenUrl, revocationUrl, userinfoUrl, consent?.authorizationUrl], connection)
    },
    run: mint,
    revoke,
    consent: jwtBearerConsent,
  },
}

/** The token and what is kept with it; the key stays here. */
function injected(connection: ConnectionSecrets): Values {
  const { secrets, token } = connection
  return {
    ...keptValues(connection, jwtBearerOf(connection.connector).kept),
    ...given({
      oauth_access_token: token?.access_token,
      oauth_client_id: secrets.client_id,
      oauth_client_secret: secrets.client_secret,
    }),
  }
}
