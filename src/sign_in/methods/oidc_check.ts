import type { ServerMetadata } from 'openid-client'
import type { OidcMethod } from './oidc_method.ts'
import { usesPkce } from './oidc_request.ts'

/** What asking the provider came to. `problems` are sentences for the administrator. */
export interface OidcCheck {
  readonly ok: boolean
  readonly issuer: string
  readonly endpoints: Readonly<Record<string, string>>
  /** Whether S256 will be used. */
  readonly pkce: boolean
  readonly problems: readonly string[]
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'end_session_endpoint',
] as const

/** Nothing is signed in: only what the provider publishes is read, anew. */
export async function checkProvider(method: OidcMethod): Promise<OidcCheck> {
  const { issuer } = method.settings
  try {
    const metadata = await method.provider.metadata()
    const keys = await method.provider.keys(true).catch((error: unknown) => said(error))
    const problems = [...unfit(method, metadata), ...(typeof keys === 'string' ? [keys] : [])]
    const endpoints = ENDPOINTS.flatMap((name) => (typeof metadata[name] === 'string' ? [[name, metadata[name]]] : []))
    return {
      ok: problems.length === 0,
      issuer,
      endpoints: Object.fromEntries(endpoints),
      pkce: usesPkce(method.settings, metadata),
      problems,
    }
  } catch (error) {
    return { ok: false, issuer, endpoints: {}, pkce: false, problems: [said(error)] }
  }
}

function said(error: unknown): string {
  const { detail } = error as { detail?: unknown }
  return typeof detail === 'string' ? detail : 'The provider cannot be asked.'
}

/** What the provider announces and the settings contradict. What it does not announce, nothing is said about. */
function unfit({ settings }: OidcMethod, metadata: ServerMetadata): readonly string[] {
  const lists: readonly (readonly [string, string, unknown])[] = [
    ['token_endpoint_auth_method', settings.token_endpoint_auth_method, metadata.token_endpoint_auth_methods_supported],
    [
      'id_token_signed_response_alg',
      settings.id_token_signed_response_alg,
      metadata.id_token_signing_alg_values_supported,
    ],
    ...(settings.userinfo === 'jwt'
      ? [
          [
            'userinfo_signed_response_alg',
            settings.userinfo_signed_response_alg,
            metadata.userinfo_signing_alg_values_supported,
          ] as const,
        ]
      : []),
    ...settings.scopes.map((scope) => ['scopes', scope, metadata.scopes_supported] as const),
    ...settings.acr_values.map((acr) => ['acr_values', acr, metadata.acr_values_supported] as const),
    ...(settings.pkce === 'always' ? [['pkce', 'S256', metadata.code_challenge_methods_supported] as const] : []),
  ]
  const problems = lists.flatMap(([setting, value, supported]) =>
    Array.isArray(supported) && !supported.includes(value)
      ? [`${setting}: the provider does not announce ${value}.`]
      : [],
  )
  if (settings.userinfo !== 'none' && typeof metadata.userinfo_endpoint !== 'string')
    problems.push('userinfo: the provider has no userinfo_endpoint.')
  return problems
}
