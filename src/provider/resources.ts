import type { KoaContextWithOIDC, Client as LibraryClient, ResourceServer } from 'oidc-provider'
import { clientOf, type OpenIdClient } from './client_metadata.ts'
import type { OidcLibrary } from './loading.ts'

/** What a token for one API of an application is like (RFC 8707): a JWT (RFC 9068) with its address as the audience. `undefined`: not one of its. */
export function resourceServer({ openid }: OpenIdClient, id: string): ResourceServer | undefined {
  const resource = openid.resources.find((one) => one.id === id)
  if (resource === undefined) return undefined
  return {
    scope: resource.scopes.join(' '),
    audience: resource.id,
    accessTokenTTL: openid.access_token_ttl_s,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  }
}

/** A program that names none means the one that there is. `oneOf`: of several that were granted none is meant more than another. */
export function defaultResource(
  ctx: KoaContextWithOIDC,
  client: LibraryClient,
  oneOf: readonly string[] | undefined,
): string | string[] | undefined {
  if (oneOf !== undefined) return [...oneOf]
  return ctx.oidc.params?.grant_type === 'client_credentials' ? onlyResource(clientOf(client)) : undefined
}

/** Asked before the refresh token is used up: the library looks only afterwards, and a mistake would cost the whole family. */
export function requireGranted({ oidc }: KoaContextWithOIDC, { InvalidTarget }: OidcLibrary['errors']): void {
  const wanted = oidc.params?.resource
  if (wanted === undefined) return
  const granted = oidc.entities.RefreshToken?.resourceIndicators
  const isOne = typeof wanted === 'string' && granted?.has(wanted) === true
  if (!isOne || resourceServer(clientOf(oidc.client), wanted) === undefined) throw new InvalidTarget()
}

export function onlyResource({ openid }: OpenIdClient): string | undefined {
  const [only, ...others] = openid.resources
  return others.length === 0 ? only?.id : undefined
}
