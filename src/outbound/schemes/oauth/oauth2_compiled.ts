import type { Connector } from '../../connectors/connector.ts'
import type { Template, TemplateScope } from '../../connectors/template.ts'
import type { ConnectionSecrets, ConnectionSettings, SecretFields } from '../../scheme.ts'
import { compilePlacements, type Placements } from '../placements.ts'
import { type AnswerRules, answerRules } from './oauth_answer.ts'
import type { ClientAuth, ClientRules } from './oauth_client.ts'
import { type KeptRules, keptRules, reads, TOKEN_VALUES } from './oauth_kept.ts'
import { addresses, type CompiledParams, compileHeaders, compileParams, endpoint } from './oauth_values.ts'
import { type Oauth2Section, oauth2Section } from './oauth2_section.ts'

/** The section `oauth2` as it is used: every template compiled, every rule that joins two keys checked. */
export interface CompiledOauth2 {
  readonly grant: Oauth2Section['grant']
  readonly authorizationUrl: Template | undefined
  readonly tokenUrl: Template
  readonly refreshUrl: Template | undefined
  readonly revocationUrl: Template | undefined
  readonly userinfoUrl: Template | undefined
  readonly jwksUri: Template | undefined
  readonly issuer: Template | undefined
  readonly issRequired: boolean
  readonly scope: Template
  readonly scopeSeparator: string
  readonly client: ClientRules
  readonly pkce: boolean
  readonly authorizeParams: CompiledParams
  readonly tokenParams: CompiledParams
  readonly refreshParams: CompiledParams
  readonly tokenHeaders: CompiledParams
  readonly tokenFormat: 'form' | 'json'
  readonly stateInExchange: boolean
  readonly refreshes: boolean
  readonly refreshClientOnly: boolean
  readonly early: false | undefined
  readonly answer: AnswerRules
  readonly kept: KeptRules
  readonly apply: Placements
}

const CLIENT_ID = { title: 'Client ID', secret: false, scope: 'app', aliases: ['oauth_client_id'] } as const
const CLIENT_SECRET = { title: 'Client secret', scope: 'app', aliases: ['oauth_client_secret'] } as const
const PEM = { scope: 'app', multiline: true } as const

const BY_CLIENT_AUTH: Readonly<Record<ClientAuth, SecretFields>> = {
  basic: { client_secret: CLIENT_SECRET },
  post: { client_secret: CLIENT_SECRET },
  private_key_jwt: { private_key: { title: 'Private key', description: 'PEM or JWK.', ...PEM } },
  mtls: {
    client_certificate: { title: 'Client certificate', description: 'PEM.', ...PEM },
    client_private_key: { title: 'Key of the client certificate', description: 'PEM.', ...PEM },
  },
  none: {},
}

const BEGINNING: SecretFields = {
  oauth_refresh_token: {
    title: 'Refresh token',
    description: 'One that was obtained elsewhere; without it a person agrees at the service.',
    optional: true,
    begins: 'refresh_token',
  },
  oauth_access_token: {
    title: 'Access token',
    description: 'One that was obtained elsewhere; without it a person agrees at the service.',
    optional: true,
    begins: 'access_token',
  },
}

/** What the scheme itself asks for, in the order of the form. */
export function ownFields(section: Pick<Oauth2Section, 'grant' | 'client_auth' | 'assertion'>): SecretFields {
  return {
    client_id: CLIENT_ID,
    ...BY_CLIENT_AUTH[section.client_auth],
    ...(section.assertion?.thumbprint === undefined
      ? {}
      : { client_certificate: { title: 'Certificate', description: 'PEM.', ...PEM } }),
    ...(section.grant === 'authorization_code' ? BEGINNING : {}),
  }
}

/** Set by the flow itself: whoever could change one of these could join somebody else's answer to it. */
const FIXED = ['response_type', 'redirect_uri', 'state', 'nonce', 'code_challenge', 'code_challenge_method']

export function compileOauth2(value: unknown, scope: TemplateScope): CompiledOauth2 {
  if (value === undefined) throw new Error('is required: it says where tokens come from')
  const section = oauth2Section.parse(value)
  checkTogether(section)
  const secrets = Object.keys(ownFields(section)).filter((name) => !Object.hasOwn(BEGINNING, name))
  const body = (text: string) => scope.private(text, 'body', secrets)
  const named = (text: string | undefined) => (text === undefined ? undefined : body(text))
  const kept = keptRules(section)
  return {
    grant: section.grant,
    authorizationUrl: endpoint(scope, 'authorization_url', section.authorization_url),
    tokenUrl: scope.overridable('token_url', scope.public(section.token_url, 'endpoint')),
    refreshUrl: endpoint(scope, 'refresh_url', section.refresh_url, 'optional_endpoint'),
    revocationUrl: endpoint(scope, 'revocation_url', section.revocation_url, 'optional_endpoint'),
    userinfoUrl: endpoint(scope, 'userinfo_url', section.userinfo_url, 'optional_endpoint'),
    jwksUri: endpoint(scope, 'jwks_uri', section.jwks_uri, 'optional_endpoint'),
    issuer: endpoint(scope, 'issuer', section.issuer, 'body'),
    issRequired: section.iss_required,
    scope: scope.public(section.scope, 'body'),
    scopeSeparator: section.scope_separator,
    client: { auth: section.client_auth, assertion: assertionOf(section, named) },
    pkce: section.pkce === 'S256',
    authorizeParams: compileParams(section.authorize_params, (text) => inAddress(body(text))),
    tokenParams: compileParams(section.token_params, body),
    refreshParams: compileParams(section.refresh_params, body),
    tokenHeaders: compileHeaders(
      section.token_headers,
      scope,
      secrets,
      section.client_auth === 'basic' ? ['authorization'] : [],
    ),
    tokenFormat: section.token_format,
    stateInExchange: section.state_in_exchange,
    refreshes: section.refresh,
    refreshClientOnly: section.refresh_client_only,
    early: section.early,
    answer: answerRules(section),
    kept,
    apply: compilePlacements(section.apply ?? BEARER, scope, secrets, tokenValues(kept)),
  }
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: a template of a connector
export const BEARER = [{ header: 'Authorization', value: 'Bearer ${token.access_token}' }]

export function tokenValues({ keep }: KeptRules): string[] {
  return [...TOKEN_VALUES, ...keep.map(([name]) => name)]
}

/** Every address that a connection's secrets, its person or the keys of its tokens go through. */
export function oauth2Endpoints(compiled: CompiledOauth2, connection: ConnectionSettings): string[] {
  const { authorizationUrl, tokenUrl, refreshUrl, revocationUrl, userinfoUrl, jwksUri } = compiled
  return addresses([authorizationUrl, tokenUrl, refreshUrl, revocationUrl, userinfoUrl, jwksUri], connection)
}

export function oauth2Of(connector: Connector): CompiledOauth2 {
  return connector.compiled.schemes.oauth2 as CompiledOauth2
}

/** The scopes of a connection; empty when it asks for none. */
export function scopesOf(compiled: CompiledOauth2, { settings }: Pick<ConnectionSecrets, 'settings'>): string[] {
  return (compiled.scope.render({ settings }) ?? '').split(/\s+/).filter((scope) => scope !== '')
}

function assertionOf(
  { client_auth, assertion }: Oauth2Section,
  named: (text: string | undefined) => Template | undefined,
): ClientRules['assertion'] {
  if (client_auth !== 'private_key_jwt') return undefined
  return {
    algorithm: assertion?.algorithm ?? 'RS256',
    kid: named(assertion?.kid),
    audience: named(assertion?.audience),
    lifetimeSeconds: assertion?.lifetime_s ?? 300,
    thumbprint: assertion?.thumbprint,
  }
}

/** An address ends up in histories and logs: of all secrets only the client's name may stand in it. */
function inAddress(template: Template): Template {
  const shown = template.references.find((name) => name.startsWith('secrets.') && name !== 'secrets.client_id')
  if (shown === undefined) return template
  throw new Error(`authorize_params: \${${shown}} is a secret, and may not stand in an address`)
}

function checkTogether(section: Oauth2Section): void {
  const needs = (condition: boolean, message: string) => {
    if (!condition) throw new Error(message)
  }
  const isCode = section.grant === 'authorization_code'
  const kept = keptRules(section)
  needs(!isCode || section.authorization_url !== undefined, 'authorization_url is required with authorization_code')
  needs(isCode || section.authorization_url === undefined, 'authorization_url is not used with client_credentials')
  needs(isCode || section.client_auth !== 'none', 'client_credentials needs a client that proves itself, not none')
  needs(section.jwks_uri === undefined || section.issuer !== undefined, 'jwks_uri needs issuer')
  needs(!section.iss_required || section.issuer !== undefined, 'iss_required needs issuer')
  needs(
    !reads(kept, 'id_token') || section.jwks_uri !== undefined,
    'a value from id_token needs jwks_uri: it is only read when it is verified',
  )
  needs(!reads(kept, 'userinfo') || section.userinfo_url !== undefined, 'a value from userinfo needs userinfo_url')
  needs(isCode || !reads(kept, 'callback'), 'client_credentials has no callback to keep values from')
  needs(
    section.assertion === undefined || section.client_auth === 'private_key_jwt',
    'assertion is for client_auth private_key_jwt',
  )
  const fixed = Object.keys(section.authorize_params).find((name) => FIXED.includes(name))
  needs(fixed === undefined, `authorize_params: ${fixed} is set by Octroi`)
}
