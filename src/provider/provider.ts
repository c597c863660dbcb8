import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import type { AdapterFactory } from 'oidc-provider'
import type { PrivateJwk, PrivateKeys } from '../core/signing_keys.ts'
import type { Store } from '../core/stores.ts'
import { errorRenderer, onServerError } from './answering.ts'
import { clientAdapter, overrideClients } from './clients_of_library.ts'
import { configuration } from './configuration.ts'
import { Entries, type EntriesParts } from './entries.ts'
import { interactionAdapter } from './interaction_adapter.ts'
import { loadLibrary, type OidcLibrary, quietly } from './loading.ts'
import { letMappedOut } from './mapped_claims.ts'
import { type MiddlewareParts, surround } from './middleware.ts'
import { sessionAdapter } from './session_adapter.ts'

export interface OpenIdProviderParts extends Omit<MiddlewareParts, 'issuer'>, Omit<EntriesParts, 'subjects'> {
  readonly store: Store
  readonly keys: PrivateKeys
  /** By id and secret. Throws `unauthenticated`. */
  readonly authenticate: (id: string, secret: string) => Promise<unknown>
  /** Without a slash at the end. */
  readonly publicUrl: string
}

/** The library, set up with the keys of the moment. */
export interface OpenLibrary {
  readonly library: Provider
  readonly errors: OidcLibrary['errors']
  readonly interactionPolicy: OidcLibrary['interactionPolicy']
}

interface Standing extends OpenLibrary {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

/** We are the OpenID provider: `oidc-provider` does the protocol; its store, its sessions, its clients and its keys are ours. */
export class OpenIdProvider {
  readonly issuer: string
  /** The path of the issuer, below which everything is. */
  readonly basePath: string
  readonly #parts: OpenIdProviderParts
  readonly #entries: Entries
  #standing: Promise<Standing> | undefined
  #keys: readonly PrivateJwk[] | undefined
  #rsa: Promise<void> | undefined

  constructor(parts: OpenIdProviderParts) {
    this.#parts = parts
    this.issuer = `${parts.publicUrl}/oidc`
    this.basePath = new URL(this.issuer).pathname
    this.#entries = new Entries({ ...parts, subjects: parts.store.subjects })
  }

  async library(): Promise<Provider> {
    return (await this.parts()).library
  }

  parts(): Promise<OpenLibrary> {
    return this.#standingNow()
  }

  /** Before anybody waits for it. What goes wrong is told to the first who asks. */
  warm(): void {
    this.#standingNow().catch(() => undefined)
  }

  /** The door has seen to it that this is a request for the library. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { answer } = await this.#standingNow()
    await answer(request, response)
  }

  /** Set up anew when a key comes or goes; requests that are under way end with what they began with. */
  async #standingNow(): Promise<Standing> {
    await this.#ensured()
    const keys = this.#parts.keys.privateKeys()
    if (this.#standing === undefined || this.#keys !== keys) {
      this.#keys = keys
      const standing = this.#open(keys)
      this.#standing = standing
      standing.catch(() => {
        if (this.#standing === standing) this.#standing = undefined
      })
    }
    return this.#standing
  }

  /** For ID tokens of applications that know nothing else (OpenID Connect Core 1.0 §15.1): made once, when the provider is first used. */
  async #ensured(): Promise<void> {
    this.#rsa ??= this.#parts.keys.ensure('RS256')
    try {
      await this.#rsa
    } catch (error) {
      this.#rsa = undefined
      throw error
    }
  }

  async #open(keys: readonly PrivateJwk[]): Promise<Standing> {
    const loaded = await loadLibrary()
    const parts = { ...this.#parts, issuer: this.issuer, basePath: this.basePath }
    const settings = configuration(loaded, this.#adapters(loaded), keys, {
      ...parts,
      renderError: errorRenderer(parts),
    })
    const library = await quietly(() => new loaded.Provider(this.issuer, settings))
    library.proxy = true
    library.on('server_error', onServerError(parts))
    // What goes wrong outside the library's own steps.
    const failed = (error: unknown) => this.#parts.log.error({ err: error }, 'the OpenID provider failed')
    ;(library as EventEmitter).on('error', failed)
    letMappedOut(library)
    overrideClients(library, { ...parts, first: (...proof) => this.#entries.first(...proof) })
    surround(library, parts)
    const { errors, interactionPolicy } = loaded
    // The library looked at the address when the request came, perhaps an hour ago.
    library.on('interaction.ended', ({ oidc }) => {
      if (!oidc.client?.redirectUriAllowed(String(oidc.params?.redirect_uri))) throw new errors.InvalidRedirectUri()
    })
    return { library, errors, interactionPolicy, answer: library.callback() }
  }

  #adapters({ Provider, errors }: OidcLibrary): AdapterFactory {
    const { store, now, clients } = this.#parts
    const ended = () => new errors.SessionNotFound('the session has ended')
    const used = (model: string) =>
      model === 'PushedAuthorizationRequest'
        ? new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used')
        : new errors.InvalidGrant(`${model} was already used`)
    return (model) => {
      if (model === 'Session') return sessionAdapter({ store, now, ended })
      if (model === 'Client') return clientAdapter(clients)
      const adapter = this.#entries.adapter(model, { used })
      return model === 'Interaction' ? interactionAdapter(adapter, () => Provider.ctx) : adapter
    }
  }
}
