import { grantType, type OpenIdClient } from './client_metadata.ts'
import { CLAIMS } from './configuration.ts'

/** Metadata of an OpenID provider (OpenID Connect Discovery 1.0 §3). */
export type Metadata = Record<string, unknown>

/** What we answer besides what the library knows of. */
export function completed(metadata: Metadata, issuer: string): Metadata {
  const { code_challenge_methods_supported: _, ...rest } = metadata
  return {
    ...rest,
    code_challenge_methods_supported: ['S256'],
    grant_types_supported: without(metadata.grant_types_supported, 'implicit'),
    response_modes_supported: without(metadata.response_modes_supported, 'fragment'),
    end_session_endpoint: `${issuer}/session/end`,
    ui_locales_supported: ['fr', 'en'],
  }
}

/**
 * The document of one application: what it may use, and nothing else. For those that ask for every scope that they read in it, or take the
 * first method that it names. The issuer is the same, so that its tokens are.
 */
export function narrowed(metadata: Metadata, { openid }: OpenIdClient): Metadata {
  const codes = openid.grant_types.includes('authorization_code')
  const devices = openid.grant_types.includes('device_code')
  const { device_authorization_endpoint: device, ...rest } = metadata
  return {
    ...rest,
    scopes_supported: [...openid.scopes, ...new Set(openid.resources.flatMap(({ scopes }) => scopes))],
    claims_supported: claimsOf(openid),
    grant_types_supported: openid.grant_types.map(grantType),
    response_types_supported: codes ? ['code'] : [],
    token_endpoint_auth_methods_supported: [openid.auth_method],
    ...(devices ? { device_authorization_endpoint: device } : {}),
    ...(openid.par ? { require_pushed_authorization_requests: true } : {}),
  }
}

function claimsOf({ scopes, claims }: OpenIdClient['openid']): readonly string[] {
  const standard = scopes.flatMap((scope) => (CLAIMS as Readonly<Record<string, readonly string[]>>)[scope] ?? [])
  const own = claims.filter(({ scope }) => scopes.includes(scope)).map(({ claim }) => claim.split('.')[0] as string)
  return [...new Set([...standard, 'iss', ...own])]
}

function without(values: unknown, one: string): readonly unknown[] {
  return (values as readonly unknown[]).filter((value) => value !== one)
}
