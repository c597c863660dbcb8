import { randomBytes } from 'node:crypto'
import type { AdapterPayload, Client as LibraryClient } from 'oidc-provider'
import { Generations } from '../core/generations.ts'
import type { ClientGrantType, ClientOpenId } from '../core/openid_types.ts'
import type { Client } from '../core/people_types.ts'
import type { HotReads, Store } from '../core/stores.ts'

const CAPACITY = 1_000

/** An application that is a client of our provider. */
export type OpenIdClient = Client & { readonly openid: ClientOpenId }

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** The library wants a secret where one is used. It compares none: ours are known by their hashes alone, and are checked by us. */
const PLACEHOLDER = randomBytes(32).toString('base64url')

export interface ProviderClientsParts {
  readonly store: Pick<Store, 'clients'>
  readonly hot: Pick<HotReads, 'version'>
}

/**
 * Our applications, as the library sees them. One that is switched off, deleted, or no client of OpenID, is unknown; what changed takes effect
 * with the next request, for what was read is kept only while the store's version stays (D18).
 */
export class ProviderClients {
  readonly #parts: ProviderClientsParts
  #version = Number.NaN
  #kept = new Generations<string, OpenIdClient | null>(CAPACITY)

  constructor(parts: ProviderClientsParts) {
    this.#parts = parts
  }

  async find(id: string): Promise<OpenIdClient | undefined> {
    const version = await this.#parts.hot.version()
    if (version !== this.#version) {
      this.#version = version
      this.#kept = new Generations(CAPACITY)
    }
    const kept = this.#kept
    let found = kept.get(id)
    if (found === undefined) {
      found = usable(await this.#parts.store.clients.get(id))
      kept.set(id, found)
    }
    return found ?? undefined
  }

  async metadata(id: string): Promise<AdapterPayload | undefined> {
    const client = await this.find(id)
    return client && metadataOf(client)
  }
}

function usable(client: Client | undefined): OpenIdClient | null {
  if (client === undefined || client.openid === null || client.disabled_at !== null) return null
  return client as OpenIdClient
}

/** OpenID Connect Dynamic Client Registration 1.0 §2; `octroi` is the application itself. */
export function metadataOf(client: OpenIdClient): AdapterPayload {
  const { openid } = client
  const codes = openid.grant_types.includes('authorization_code') && client.redirect_uris.length > 0
  return {
    client_id: client.id,
    client_name: client.name,
    // Exact redirect addresses, the port too: `native` would let loopback have any (RFC 8252 §7.3).
    application_type: 'web',
    redirect_uris: [...client.redirect_uris],
    post_logout_redirect_uris: [...client.post_logout_redirect_uris],
    response_types: codes ? ['code'] : [],
    response_modes: ['query', 'form_post'],
    grant_types: openid.grant_types.filter((one) => codes || one !== 'authorization_code').map(grantType),
    token_endpoint_auth_method: openid.auth_method,
    ...(openid.auth_method.startsWith('client_secret') ? { client_secret: PLACEHOLDER } : {}),
    ...(openid.auth_method === 'private_key_jwt' ? { jwks: openid.jwks as never } : {}),
    id_token_signed_response_alg: openid.id_token_alg,
    require_pushed_authorization_requests: openid.par,
    dpop_bound_access_tokens: openid.dpop,
    ...(openid.backchannel_logout_uri === null
      ? {}
      : { backchannel_logout_uri: openid.backchannel_logout_uri, backchannel_logout_session_required: true }),
    octroi: client,
  }
}

export function grantType(type: ClientGrantType): string {
  return type === 'device_code' ? DEVICE_CODE : type
}

/** Ours, as it was read for this request. */
export function clientOf(client: LibraryClient | undefined): OpenIdClient {
  if (client === undefined) throw new Error('The request has no client yet.')
  return client.octroi as OpenIdClient
}
