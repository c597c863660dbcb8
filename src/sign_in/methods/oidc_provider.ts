import type { JSONWebKeySet } from 'jose'
import * as client from 'openid-client'
import { OctroiError } from '../../core/errors.ts'
import { providerFault, unavailable } from './oidc_faults.ts'

export interface ProviderParts {
  readonly fetch: typeof fetch
  /** Whether the provider may be met without TLS; the egress still has its say. */
  readonly allowHttp: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: { error(fields: object, message: string): void }
}

/** What a provider publishes is asked again after so long; a provider that is down meanwhile is believed for longer. */
const FRESH_MS = 600_000
const USABLE_MS = 3_600_000
const TIMEOUT_S = 6
const MAX_KEYS = 100

/** What one issuer publishes: its metadata (OpenID Connect Discovery §3) and its keys (RFC 7517 §5). */
export class Provider {
  readonly issuer: string
  readonly #parts: ProviderParts
  readonly #metadata: Kept<client.ServerMetadata>
  readonly #keys: Kept<JSONWebKeySet>

  constructor(issuer: string, parts: ProviderParts) {
    this.issuer = issuer
    this.#parts = parts
    this.#metadata = new Kept(parts.now, () => this.#discover())
    this.#keys = new Kept(parts.now, () => this.#readKeys())
  }

  /** Throws `OctroiError` `upstream_*`: a provider that cannot be asked, that answers rubbish or calls itself by another name. */
  metadata(): Promise<client.ServerMetadata> {
    return this.#metadata.current()
  }

  /** `fresh`: a key was not among those of before. */
  keys(fresh: boolean): Promise<JSONWebKeySet> {
    return fresh ? this.#keys.again() : this.#keys.current()
  }

  async #discover(): Promise<client.ServerMetadata> {
    const { fetch, allowHttp } = this.#parts
    try {
      const found = await client.discovery(new URL(this.issuer), 'discovery', undefined, client.None(), {
        [client.customFetch]: fetch as client.CustomFetch,
        execute: allowHttp ? [client.allowInsecureRequests] : [],
        timeout: TIMEOUT_S,
      })
      return this.#checked(found.serverMetadata())
    } catch (error) {
      if ((error as { code?: unknown }).code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') throw this.#otherIssuer()
      const fault = providerFault(error)
      // Nobody has said who he is yet: what does not hold here is the provider's description.
      throw fault instanceof OctroiError ? fault : unavailable('The provider describes itself badly.', fault.cause)
    }
  }

  /** To the letter (Discovery §4.3): what an issuer is called is half of who a person is. */
  #checked(metadata: client.ServerMetadata): client.ServerMetadata {
    if (metadata.issuer !== this.issuer) throw this.#otherIssuer()
    const named = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
    const missing = named.find((name) => typeof metadata[name] !== 'string')
    if (missing !== undefined) throw unavailable(`The provider does not say its ${missing}.`)
    return metadata
  }

  #otherIssuer(): OctroiError {
    this.#parts.log.error({ issuer: this.issuer }, 'a provider calls itself by another issuer than the settings say')
    return unavailable('The provider calls itself by another issuer than the settings say.')
  }

  async #readKeys(): Promise<JSONWebKeySet> {
    const { jwks_uri: url } = await this.metadata()
    try {
      const answer = await this.#parts.fetch(url as string, { headers: { accept: 'application/json' } })
      const set: unknown = answer.status === 200 ? await answer.json() : undefined
      const keys = (set as { keys?: unknown } | null | undefined)?.keys
      if (Array.isArray(keys)) return { keys: keys.slice(0, MAX_KEYS) }
    } catch (error) {
      throw providerFault(error)
    }
    throw unavailable('The keys of the provider cannot be read.')
  }
}

/** A thing that is asked for at most once at a time, and kept. */
class Kept<T extends object> {
  readonly #now: () => number
  readonly #read: () => Promise<T>
  #value: { readonly it: T; readonly at: number } | undefined
  #asking: Promise<T> | undefined

  constructor(now: () => number, read: () => Promise<T>) {
    this.#now = now
    this.#read = read
  }

  async current(): Promise<T> {
    const known = this.#value
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.at
    if (known !== undefined && age >= 0 && age < FRESH_MS) return known.it
    try {
      return await this.again()
    } catch (error) {
      if (known !== undefined && age >= 0 && age < USABLE_MS && isSilence(error)) return known.it
      throw error
    }
  }

  again(): Promise<T> {
    this.#asking ??= this.#read()
      .then((it) => {
        this.#value = { it, at: this.#now() }
        return it
      })
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }
}

/** It did not answer. What it answered and was refused is another matter. */
function isSilence(error: unknown): boolean {
  if (!(error instanceof OctroiError)) return false
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return (
    error.code === 'upstream_timeout' || (typeof code === 'string' && /^(?:E[A-Z]+|EAI_AGAIN|UND_ERR_\w+)$/.test(code))
  )
}
