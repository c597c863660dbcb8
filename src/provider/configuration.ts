import type { AdapterFactory, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { OPENID_SCOPES } from '../core/openid_types.ts'
import type { PrivateJwk } from '../core/signing_keys.ts'
import type { Store } from '../core/stores.ts'
import { clientOf } from './client_metadata.ts'
import { features } from './features.ts'
import { existingGrant } from './grants.ts'
import { interactionPolicy } from './interactions/policy.ts'
import { lifetimes, refreshSeconds } from './lifetimes.ts'
import type { OidcLibrary } from './loading.ts'
import { findAccount } from './people.ts'
import { requireGranted } from './resources.ts'

export interface ConfigurationParts {
  readonly store: Store
  /** The path of the issuer. */
  readonly basePath: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly renderError: NonNullable<Configuration['renderError']>
}

/** As the library sets them: the door hands it these paths alone. */
export const ROUTES = {
  authorization: '/auth',
  token: '/token',
  userinfo: '/me',
  jwks: '/jwks',
  introspection: '/token/introspection',
  revocation: '/token/revocation',
  pushed_authorization_request: '/request',
  device_authorization: '/device/auth',
  code_verification: '/device',
  end_session: '/session/end',
} as const

/** Of ID tokens, by the application's choice; all else that we sign is ES256. */
const ID_TOKENS = ['ES256', 'RS256'] as const
const OURS = ['ES256'] as const
/** What applications prove themselves with: their keys are of their own choice. */
const THEIRS = ['ES256', 'PS256', 'RS256', 'EdDSA'] as const

/** RFC 9700, as far as configuration can say it: codes alone, exact addresses, PKCE with S256, refresh tokens that rotate. */
export function configuration(
  library: OidcLibrary,
  adapter: AdapterFactory,
  keys: readonly PrivateJwk[],
  parts: ConfigurationParts,
): Configuration {
  const { store, now } = parts
  return {
    adapter,
    jwks: { keys: keys.map((key) => ({ ...key })) as never },
    routes: { ...ROUTES },
    features: features(library, parts),
    ttl: lifetimes(now),
    scopes: [...OPENID_SCOPES],
    claims: CLAIMS,
    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    clientDefaults: { grant_types: [], response_types: [], id_token_signed_response_alg: 'ES256' },
    extraClientMetadata: { properties: ['octroi'], validator: () => undefined },
    enabledJWA: {
      idTokenSigningAlgValues: [...ID_TOKENS],
      userinfoSigningAlgValues: [...OURS],
      introspectionSigningAlgValues: [...OURS],
      authorizationSigningAlgValues: [...OURS],
      requestObjectSigningAlgValues: [...OURS],
      clientAuthSigningAlgValues: [...THEIRS],
      dPoPSigningAlgValues: [...OURS, 'EdDSA'],
    },
    acceptQueryParamAccessTokens: false,
    allowOmittingSingleRegisteredRedirectUri: false,
    // What an ID token says besides is a matter of the application (`account_claims.ts`).
    conformIdTokenClaims: false,
    rotateRefreshToken: (ctx) => {
      requireGranted(ctx, library.errors)
      return true
    },
    issueRefreshToken: async (_, client, source) =>
      client.grantTypeAllowed('refresh_token') &&
      refreshSeconds(clientOf(client), (source as { authTime?: number }).authTime, now()) > 0,
    // Without `offline_access` what was given ends with the session, at once.
    expiresWithSession: async (_, source) => !source.scopes.has('offline_access'),
    pkce: {
      required: (_, client) => clientOf(client).openid.pkce || client.clientAuthMethod === 'none',
    },
    clientBasedCORS: (_, origin, client) =>
      (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),
    cookies: {
      names: { session: SESSION_COOKIE, interaction: 'octroi_oidc_interaction', resume: 'octroi_oidc_resume' },
      long: { httpOnly: true, sameSite: 'lax', signed: false },
      short: { httpOnly: true, sameSite: 'lax', signed: false },
    },
    interactions: {
      policy: interactionPolicy(library.interactionPolicy, parts),
      url: (_: unknown, { uid }: { readonly uid: string }) => `${parts.basePath}/interaction/${uid}`,
    },
    loadExistingGrant: (ctx: KoaContextWithOIDC) => existingGrant(store, ctx),
    findAccount: (ctx, subject, token) => findAccount(parts, ctx, subject, token as never),
    renderError: parts.renderError,
    // Public keys of applications are given, never fetched.
    fetch: () => Promise.reject(new Error('The OpenID provider calls nobody.')),
  } as Configuration
}

/** It never reaches a browser: the door writes it into the request, and takes it out of the answer. */
export const SESSION_COOKIE = 'octroi_op'

/** Which claims go out with which scope (OpenID Connect Core 1.0 §5.4); those of applications besides: `mapped_claims.ts`. */
export const CLAIMS = {
  openid: ['sub', 'auth_time', 'amr', 'acr', 'sid'],
  profile: ['name', 'preferred_username', 'updated_at'],
  email: ['email', 'email_verified'],
  groups: ['groups', 'role'],
  organization: ['organization', 'organization_siret', 'organization_label'],
}
