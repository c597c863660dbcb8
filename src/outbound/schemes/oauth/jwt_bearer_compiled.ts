import type { Connector } from '../../connectors/connector.ts'
import type { Template, TemplateScope } from '../../connectors/template.ts'
import type { SecretFields } from '../../scheme.ts'
import { compilePlacements, type Placements, placementTemplates } from '../placements.ts'
import { declared, referenced } from '../placing.ts'
import { ACCOUNT_NAMES } from './jwt_bearer_key.ts'
import { type JwtBearerSection, jwtBearerSection } from './jwt_bearer_section.ts'
import { type AnswerRules, answerRules } from './oauth_answer.ts'
import { type KeptRules, keptRules, reads } from './oauth_kept.ts'
import { type CompiledParams, compileHeaders, compileParams, endpoint } from './oauth_values.ts'
import { BEARER, tokenValues } from './oauth2_compiled.ts'

/** The section `jwt_bearer` as it is used. */
export interface CompiledJwtBearer {
  readonly tokenUrl: Template
  readonly revocationUrl: Template | undefined
  readonly userinfoUrl: Template | undefined
  readonly key: JwtBearerSection['key']
  readonly algorithm: string
  readonly kid: Template | undefined
  readonly claims: CompiledParams
  readonly assertionSeconds: number
  readonly grantType: string
  readonly tokenParams: CompiledParams
  readonly tokenHeaders: CompiledParams
  readonly tokenFormat: 'form' | 'json'
  readonly consent: { readonly authorizationUrl: Template; readonly params: CompiledParams } | undefined
  readonly early: false | undefined
  readonly answer: AnswerRules
  readonly kept: KeptRules
  readonly apply: Placements
}

const PRIVATE_KEY = { title: 'Private key', description: 'PEM or JWK.', scope: 'app', multiline: true } as const

const FIELDS: Readonly<Record<JwtBearerSection['key'], SecretFields>> = {
  private_key: { private_key: PRIVATE_KEY },
  service_account_json: {
    service_account_json: {
      title: 'Key file of the service account',
      description: 'The JSON file, pasted whole.',
      scope: 'app',
      multiline: true,
      optional: true,
    },
    client_email: { title: 'E-mail address of the service account', secret: false, scope: 'app', optional: true },
    private_key: { ...PRIVATE_KEY, optional: true },
  },
}

/** For templates only: asked for where a template uses it, unless a key file tells it. */
const CLIENT_ID: SecretFields = {
  client_id: { title: 'Client ID', secret: false, scope: 'app', aliases: ['oauth_client_id'] },
}
const CLIENT_SECRET: SecretFields = {
  client_secret: { title: 'Client secret', scope: 'app', aliases: ['oauth_client_secret'] },
}

export function compileJwtBearer(value: unknown, scope: TemplateScope): CompiledJwtBearer {
  if (value === undefined) throw new Error('is required: it says where tokens come from')
  const section = jwtBearerSection.parse(value)
  const kept = keptRules(section)
  checkTogether(section, kept)
  const secrets = namesFor(section.key)
  const body = (text: string) => scope.private(text, 'body', secrets)
  return {
    tokenUrl: scope.overridable('token_url', scope.public(section.token_url, 'endpoint')),
    revocationUrl: endpoint(scope, 'revocation_url', section.revocation_url, 'optional_endpoint'),
    userinfoUrl: endpoint(scope, 'userinfo_url', section.userinfo_url, 'optional_endpoint'),
    key: section.key,
    algorithm: section.algorithm,
    kid: section.kid === undefined ? undefined : body(section.kid),
    claims: compileParams(section.claims, body),
    assertionSeconds: section.assertion_lifetime_s,
    grantType: section.grant_type,
    tokenParams: compileParams(section.token_params, body),
    tokenHeaders: compileHeaders(section.token_headers, scope, secrets, []),
    tokenFormat: section.token_format,
    consent: consentOf(section, scope, body),
    early: section.early,
    answer: answerRules(section),
    kept,
    apply: compilePlacements(section.apply ?? BEARER, scope, namesFor('private_key'), tokenValues(kept)),
  }
}

export function jwtBearerOf(connector: Connector): CompiledJwtBearer {
  return connector.compiled.schemes.jwt_bearer as CompiledJwtBearer
}

/** The key, then what the connector's templates use besides and no key file tells. */
export function jwtBearerFields(connector: Connector): SecretFields {
  const compiled = jwtBearerOf(connector)
  const told: readonly string[] = compiled.key === 'service_account_json' ? ACCOUNT_NAMES : []
  const used = referenced(templatesOf(compiled)).filter((name) => !told.includes(name))
  const own = FIELDS[compiled.key]
  return declared(connector, { ...CLIENT_ID, ...CLIENT_SECRET, ...own }, [...new Set([...Object.keys(own), ...used])])
}

function namesFor(key: JwtBearerSection['key']): string[] {
  const told = key === 'service_account_json' ? ACCOUNT_NAMES : []
  return ['client_id', 'client_secret', ...Object.keys(FIELDS[key]), ...told]
}

function templatesOf({ kid, claims, tokenParams, tokenHeaders, consent, apply }: CompiledJwtBearer): Template[] {
  const params = [...claims, ...tokenParams, ...tokenHeaders, ...(consent?.params ?? [])]
  return [...params.map(([, template]) => template), ...(kid === undefined ? [] : [kid]), ...placementTemplates(apply)]
}

function consentOf(
  { consent }: JwtBearerSection,
  scope: TemplateScope,
  body: (text: string) => Template,
): CompiledJwtBearer['consent'] {
  if (consent === undefined) return undefined
  return {
    authorizationUrl: scope.overridable('authorization_url', scope.public(consent.authorization_url, 'endpoint')),
    params: compileParams(consent.params, (text) => inAddress(body(text))),
  }
}

/** An address ends up in histories and logs: of all secrets only the client's name may stand in it. */
function inAddress(template: Template): Template {
  const shown = template.references.find((name) => name.startsWith('secrets.') && name !== 'secrets.client_id')
  if (shown === undefined) return template
  throw new Error(`consent: \${${shown}} is a secret, and may not stand in an address`)
}

function checkTogether(section: JwtBearerSection, kept: KeptRules): void {
  if (section.claims.iss === undefined) throw new Error('claims: iss is required (RFC 7523 §3)')
  for (const own of ['iat', 'exp', 'jti'])
    if (section.claims[own] !== undefined) throw new Error(`claims: ${own} is set by Octroi`)
  for (const source of ['id_token', 'callback'] as const)
    if (reads(kept, source)) throw new Error(`there is no ${source} to read from in this scheme`)
  if (reads(kept, 'userinfo') && section.userinfo_url === undefined)
    throw new Error('a value from userinfo needs userinfo_url')
}
