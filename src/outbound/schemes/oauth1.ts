import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Connector } from '../connectors/connector.ts'
import { headerValueFault } from '../connectors/places.ts'
import type { Template } from '../connectors/template.ts'
import { ExchangeError } from '../exchange.ts'
import type { ConnectionSecrets, ConnectionSettings, Scheme, SecretFields } from '../scheme.ts'
import { endpointOf } from './endpoints.ts'
import { type Legs, lasting, oauth1Consent } from './oauth1/oauth1_consent.ts'
import {
  type OAuth1Credentials,
  oauth1Header,
  SIGNATURE_METHODS,
  type SignatureMethod,
} from './oauth1/oauth1_signature.ts'
import { declared, rendered, unusable } from './placing.ts'
import { rsaPrivateKey } from './rsa_key.ts'

const CONSUMER_KEY: SecretFields = {
  consumer_key: {
    title: 'Consumer key',
    secret: false,
    scope: 'app',
    aliases: ['oauth_consumer_key'],
  },
}
const CONSUMER_SECRET: SecretFields = {
  consumer_secret: { title: 'Consumer secret', scope: 'app', aliases: ['oauth_consumer_secret'] },
}
const PRIVATE_KEY: SecretFields = {
  private_key: {
    title: 'Private RSA key',
    description: 'PEM. The service has the public half.',
    scope: 'app',
    multiline: true,
  },
}
const TOKEN: SecretFields = {
  token: { title: 'Token', aliases: ['oauth_token', 'access_token'] },
  token_secret: { title: 'Token secret', aliases: ['oauth_token_secret', 'access_token_secret'] },
}

const sectionSchema = z.strictObject({
  signature_method: z.enum(SIGNATURE_METHODS).default('HMAC-SHA1'),
  realm: z.string().min(1).optional().describe('A template over settings; NetSuite: the account'),
  version: z.boolean().default(true).describe('Send oauth_version="1.0"'),
  sign_form: z
    .boolean()
    .default(true)
    .describe('Fields of a form are part of the signature (RFC 5849 §3.4.1.3.1). false: the service takes no forms'),
  body_hash: z.boolean().default(false).describe('Send oauth_body_hash for bodies that are no form'),
  request_token_url: z.string().optional().describe('With the two below: a person agrees at the service'),
  authorize_url: z.string().optional(),
  access_token_url: z.string().optional(),
  identity: z.string().min(1).optional().describe('Field beside the access token that says who agreed (user_id)'),
})

interface Compiled {
  readonly method: SignatureMethod
  readonly realm: Template | undefined
  readonly version: boolean
  readonly signForm: boolean
  readonly bodyHash: boolean
  readonly identity: string | undefined
  readonly legs: Readonly<Record<keyof Legs, Template>> | undefined
}

/** OAuth 1.0 (RFC 5849): each request is signed with the secrets of the application and of the token. */
export const oauth1: Scheme = {
  id: 'oauth1',
  title: 'OAuth 1.0',
  section: {
    schema: sectionSchema,
    compile(value, scope): Compiled {
      const section = sectionSchema.parse(value ?? {})
      const urls = [section.request_token_url, section.authorize_url, section.access_token_url]
      const [requestToken, authorize, accessToken] = urls.map((url) =>
        url === undefined ? undefined : scope.public(url, 'endpoint'),
      )
      if (new Set(urls.map((url) => url === undefined)).size > 1)
        throw new Error('request_token_url, authorize_url and access_token_url belong together')
      if (section.body_hash && section.signature_method === 'PLAINTEXT')
        throw new Error('body_hash: PLAINTEXT signs nothing of the request')
      return {
        method: section.signature_method,
        realm: section.realm === undefined ? undefined : scope.public(section.realm, 'header_value'),
        version: section.version,
        signForm: section.sign_form,
        bodyHash: section.body_hash,
        identity: section.identity,
        legs: requestToken && authorize && accessToken ? { requestToken, authorize, accessToken } : undefined,
      }
    },
  },
  requires(connector) {
    const fields = {
      ...CONSUMER_KEY,
      ...(usesRsa(connector) ? PRIVATE_KEY : CONSUMER_SECRET),
      ...tokenFields(connector),
    }
    return declared(connector, fields, Object.keys(fields))
  },
  injects({ secrets, token }) {
    const { oauth_token, oauth_token_secret } = token ?? {}
    return {
      ...(oauth_token === undefined ? {} : { token: oauth_token }),
      ...(oauth_token_secret === undefined ? {} : { token_secret: oauth_token_secret }),
      ...secrets,
    }
  },
  names: () => ({ headers: ['authorization'], query: OWN_PARAMETERS }),
  sign(connection) {
    const { signForm, bodyHash, method } = compiled(connection.connector)
    const credentials = credentialsOf(connection, true)
    const header = headerFor(connection)
    return {
      headers: [],
      query: '',
      perRequest: {
        needsBody: method !== 'PLAINTEXT' && (signForm || bodyHash),
        sign: (request) => ({ headers: ['Authorization', header(request, credentials)], query: '' }),
      },
    }
  },
  exchange: {
    durable: ['oauth_token', 'oauth_token_secret'],
    endpoints: (connection) => Object.values(legsOf(connection) ?? {}),
    async run(connection) {
      const { token, tokenSecret } = tokenPair(connection)
      if (token === undefined && legsOf(connection) !== undefined)
        throw new ExchangeError('human', 'There is no token: somebody has to agree at the service.')
      return lasting({
        ...(token === undefined ? {} : { oauth_token: token }),
        ...(tokenSecret === undefined ? {} : { oauth_token_secret: tokenSecret }),
      })
    },
    consent: oauth1Consent({
      needed: ({ connector }) => compiled(connector).legs !== undefined,
      legs: legsOf,
      identity: ({ connector }) => compiled(connector).identity,
      authorization: (connection, request, token, more) =>
        headerFor(connection)(request, { ...credentialsOf(connection, false), ...token }, more),
    }),
  },
}

/** What a caller sends under these names would be a second signature (RFC 5849 §3.5.3 allows the query, too). */
const OWN_PARAMETERS = [
  ...['consumer_key', 'token', 'signature_method', 'signature', 'timestamp', 'nonce', 'version'],
  ...['callback', 'verifier', 'body_hash'],
].map((name) => `oauth_${name}`)

/** Where a person agrees, a token that was obtained elsewhere may be given all the same. */
function tokenFields(connector: Connector): SecretFields {
  if (compiled(connector).legs === undefined) return TOKEN
  return Object.fromEntries(
    Object.entries(TOKEN).map(([name, field]) => [name, { ...field, optional: true, begins: `oauth_${name}` }]),
  )
}

function headerFor(connection: ConnectionSecrets) {
  const { realm, legs: _, identity: __, ...signing } = compiled(connection.connector)
  const text = realm === undefined ? undefined : rendered(realm, connection)
  const fault = headerValueFault(text ?? '')
  if (fault !== undefined) throw unusable(connection, `The realm ${fault}.`)
  return (
    request: Parameters<typeof oauth1Header>[0],
    credentials: OAuth1Credentials,
    more: Parameters<typeof oauth1Header>[4] = {},
  ) => oauth1Header(request, credentials, { ...signing, realm: text }, randomBytes(16).toString('hex'), more)
}

function credentialsOf(connection: ConnectionSecrets, withToken: boolean): OAuth1Credentials {
  const rsa = usesRsa(connection.connector)
  return {
    consumerKey: required(connection, 'consumer_key'),
    consumerSecret: rsa ? '' : required(connection, 'consumer_secret'),
    ...(rsa ? { privateKey: privateKey(connection) } : {}),
    ...(withToken ? tokenPair(connection) : {}),
  }
}

/** What was given wins over what was obtained: it is newer. */
function tokenPair(connection: ConnectionSecrets): Pick<OAuth1Credentials, 'token' | 'tokenSecret'> {
  const { secrets, token } = connection
  if (secrets.token !== undefined) return { token: secrets.token, tokenSecret: secrets.token_secret }
  return { token: token?.oauth_token, tokenSecret: token?.oauth_token_secret }
}

function required(connection: ConnectionSecrets, name: string): string {
  const value = connection.secrets[name]
  if (value === undefined) throw unusable(connection, `The secret ${name} is missing.`)
  return value
}

function privateKey(connection: ConnectionSecrets) {
  const text = required(connection, 'private_key')
  try {
    return rsaPrivateKey(text)
  } catch (error) {
    throw unusable(connection, `The secret private_key ${error instanceof Error ? error.message : 'cannot be read'}.`)
  }
}

function legsOf(connection: ConnectionSettings): Legs | undefined {
  const { legs } = compiled(connection.connector)
  if (legs === undefined) return undefined
  return {
    requestToken: endpointOf(legs.requestToken, connection),
    authorize: endpointOf(legs.authorize, connection),
    accessToken: endpointOf(legs.accessToken, connection),
  }
}

function usesRsa(connector: Connector): boolean {
  return compiled(connector).method.startsWith('RSA-')
}

function compiled(connector: Connector): Compiled {
  return connector.compiled.schemes.oauth1 as Compiled
}
