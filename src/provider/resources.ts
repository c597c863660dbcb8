import type { KoaContextWithOIDC, Client as LibraryClient, ResourceServer } from 'oidc-provider'
import { clientOf, type OpenIdClient } from './client_metadata.ts'

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

export function onlyResource({ openid }: OpenIdClient): string | undefined {
  const [only, ...others] = openid.resources
  return others.length === 0 ? only?.id : undefined
}
