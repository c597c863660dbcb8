import type { NetworkPolicy } from './types.ts'

/** What an application is as a client of our OpenID provider. Shapes only, like `types.ts`. */

/** How an application shows at the token endpoint who it is (OpenID Connect Core 1.0 §9); `none`: it can keep no secret. */
export const CLIENT_AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number]

/** `device_code` stands for `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628). */
export const CLIENT_GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials', 'device_code'] as const
export type ClientGrantType = (typeof CLIENT_GRANT_TYPES)[number]

/** Scopes that are ours; those of an API are named by its `ClientResource`. */
export const OPENID_SCOPES = ['openid', 'profile', 'email', 'groups', 'organization', 'offline_access'] as const
export type OpenIdScope = (typeof OPENID_SCOPES)[number]

/** What can be said of a person. `account` is the id of the account; `role` is what `Client.roles` makes of his groups. */
export const CLAIM_SOURCES = [
  'account',
  'name',
  'email',
  'groups',
  'role',
  'organization',
  'organization_siret',
  'organization_label',
] as const
export type ClaimSource = (typeof CLAIM_SOURCES)[number]

/** One claim more, or one that takes the place of a standard one. */
export interface ClaimMapping {
  /** A dot leads into an object: `profile.name`. */
  readonly claim: string
  readonly from: ClaimSource
  /** It goes out with this scope. */
  readonly scope: OpenIdScope
}

/** Which address goes out as `email`: always one that was verified, and so one account's alone. */
export interface ClientEmail {
  /** `primary`: that of the account; `@example.org`: his verified one at this domain. */
  readonly from: string
  /** Who has no such address is not let in. */
  readonly required: boolean
}

/** An API of the application, for which it asks tokens (RFC 8707): these are JWTs (RFC 9068) with this audience. */
export interface ClientResource {
  /** An absolute URI without a fragment. */
  readonly id: string
  readonly scopes: readonly string[]
}

/** What an ID token may be signed with. RS256 is for applications that know nothing else (OpenID Connect Core 1.0 §15.1); two keys are published. */
export const ID_TOKEN_ALGS = ['ES256', 'RS256'] as const
export type IdTokenAlg = (typeof ID_TOKEN_ALGS)[number]

export interface ClientOpenId {
  /** `ES256` if not said. */
  readonly id_token_alg: IdTokenAlg
  /** Whether the ID token says what `userinfo` says (for applications that never ask there); otherwise it says who, when and how, and no more. */
  readonly id_token_claims: boolean
  readonly auth_method: ClientAuthMethod
  /** Its public keys, for `private_key_jwt`: a JSON Web Key Set (RFC 7517 §5); null for the others. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | null
  readonly grant_types: readonly ClientGrantType[]
  /** Whether PKCE (RFC 7636, S256) is asked of it; always of one that keeps no secret. */
  readonly pkce: boolean
  /** Whether its requests have to be pushed (RFC 9126). */
  readonly par: boolean
  /** Whether its tokens are bound to a key of its own (RFC 9449). */
  readonly dpop: boolean
  /** All that it may ask for, and all that its own discovery document tells. */
  readonly scopes: readonly OpenIdScope[]
  readonly email: ClientEmail
  readonly claims: readonly ClaimMapping[]
  /** The organisation's own: nobody is asked whether it may know him. */
  readonly first_party: boolean
  /** Seconds: who proved himself longer ago does so again; null: the session is enough. */
  readonly max_age_s: number | null
  readonly resources: readonly ClientResource[]
  /** Seconds. */
  readonly access_token_ttl_s: number
  /** Seconds, counted from the sign-in: rotation does not prolong it. */
  readonly refresh_token_ttl_s: number
  /** Where it is told that a session has ended (OpenID Connect Back-Channel Logout 1.0); null: nowhere. */
  readonly backchannel_logout_uri: string | null
  /** For calls to it. */
  readonly network: NetworkPolicy
}

/** A client of a session: an application that somebody went to during it. It ends with the session, which its application is told. */
export interface SessionClient {
  readonly session: string
  readonly client: string
  /** What the application knows the session by. */
  readonly sid: string
  /** The grant of its tokens (`provider_entries`). */
  readonly grant: string | null
  readonly created_at: string
}

/** What somebody has allowed an application that is not the organisation's own, until he takes it back. */
export interface Consent {
  readonly account: string
  readonly client: string
  /** Ours. */
  readonly scopes: readonly string[]
  /** Of its APIs: id → scopes. */
  readonly resources: readonly ClientResource[]
  readonly created_at: string
  readonly updated_at: string
}

/** An application is to be told that a session of its people has ended. Kept until it is told, or given up. */
export interface LogoutNotice {
  readonly id: string
  readonly client: string
  /** `sub` of the logout token. */
  readonly subject: string
  readonly sid: string
  /** Tries so far. */
  readonly attempts: number
  /** RFC 3339: when it is tried next. Whoever tries it moves this first, so that no other process does. */
  readonly next_at: string
  readonly created_at: string
}

/**
 * What the library of the provider keeps: codes, tokens, grants, interactions. `id` and `user_code` are hashes of what was handed out, the
 * rest is sealed (place: `oidc:MODEL:ID`).
 */
export interface ProviderEntry {
  /** The library's name of it: `AuthorizationCode`, `RefreshToken`, `Grant`, ... */
  readonly model: string
  readonly id: string
  readonly grant: string | null
  readonly account: string | null
  readonly client: string | null
  readonly user_code: string | null
  readonly sealed: string
  /** Used: a second use is a replay. */
  readonly consumed_at: string | null
  readonly expires_at: string
  readonly created_at: string
}
