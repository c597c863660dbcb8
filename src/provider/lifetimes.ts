import type { Configuration, KoaContextWithOIDC, Client as LibraryClient } from 'oidc-provider'
import { clientOf, type OpenIdClient } from './client_metadata.ts'

/** How long things last. Seconds. */

/** For the redirect and the call that follows it (RFC 6749 §4.1.2 allows ten minutes). */
const CODE_S = 60
const DEVICE_CODE_S = 600
const ID_TOKEN_S = 3_600
/** Between the request of an application and the end of the sign-in. */
const INTERACTION_S = 3_600
/** The library's session is ours, which knows its own end. */
const SESSION_S = 86_400

export function lifetimes(now: () => number): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: (_ctx: KoaContextWithOIDC, _token: object, client: LibraryClient) => accessSeconds(client),
    ClientCredentials: (_ctx: KoaContextWithOIDC, _token: object, client: LibraryClient) => accessSeconds(client),
    AuthorizationCode: CODE_S,
    DeviceCode: DEVICE_CODE_S,
    IdToken: ID_TOKEN_S,
    Interaction: INTERACTION_S,
    Session: SESSION_S,
    Grant: (_ctx: KoaContextWithOIDC, _token: object, client: LibraryClient) => grantSeconds(clientOf(client)),
    RefreshToken: (
      _ctx: KoaContextWithOIDC,
      token: { readonly authTime?: number | undefined },
      client: LibraryClient,
    ) => Math.max(1, refreshSeconds(clientOf(client), token.authTime, now())),
  } as unknown as NonNullable<Configuration['ttl']>
}

function accessSeconds(client: LibraryClient): number {
  return clientOf(client).openid.access_token_ttl_s
}

/**
 * Until the absolute end: counted from the sign-in (`auth_time`, seconds since the epoch), so that rotation prolongs nothing. Not above zero:
 * it is over.
 */
export function refreshSeconds({ openid }: OpenIdClient, authTime: number | undefined, nowMs: number): number {
  const now = Math.floor(nowMs / 1000)
  return openid.refresh_token_ttl_s - Math.max(0, now - (authTime ?? now))
}

/** As long as anything can hang on it, each time that something is given. */
export function grantSeconds({ openid }: OpenIdClient): number {
  return Math.max(openid.refresh_token_ttl_s, openid.access_token_ttl_s) + INTERACTION_S
}
