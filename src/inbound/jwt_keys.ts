import type { CryptoKey } from 'jose'
import { OctroiError } from '../core/errors.ts'
import type { Issuer } from '../core/program_types.ts'
import type { NetworkPolicy } from '../core/types.ts'
import { KeySet } from './jwt_key_set.ts'
import { isObject } from './jwt_token.ts'

/** One GET under the issuer's network policy; no redirect is followed. Throws `OctroiError` when the issuer cannot be reached. */
export type FetchKeys = (
  url: string,
  network: NetworkPolicy,
) => Promise<{ readonly status: number; readonly text: string }>

export interface JwtKeyParts {
  readonly fetch: FetchKeys
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A key that its issuer withdrew is used no longer than this; meanwhile it is asked again while the keys of before are used. */
const FRESH_MS = 600_000
/** An issuer that cannot be reached does not stop those who call, for so long. */
const USABLE_MS = 3_600_000
/** A token under an unknown name makes us ask again, once in so long: anybody can send one. */
const ASK_AGAIN_MS = 30_000
/** While an issuer fails it is asked once in so long. */
const AFTER_FAILURE_MS = 5_000

/** The keys of issuers, as given or as they publish them. */
export class JwtKeys {
  readonly #parts: JwtKeyParts
  readonly #given = new WeakMap<object, KeySet>()
  readonly #published = new Map<string, Published>()

  constructor(parts: JwtKeyParts) {
    this.#parts = parts
  }

  /** Throws `upstream_unreachable`, `upstream_timeout` or `upstream_refused_address`: that keys are missing is not the caller's fault. */
  async fitting(issuer: Issuer, algorithm: string, kid: string | undefined): Promise<readonly CryptoKey[]> {
    if (issuer.jwks_uri === null) return this.#givenBy(issuer).fitting(algorithm, kid)
    const published = this.#publishedBy(issuer, issuer.jwks_uri)
    const found = await (await published.current()).fitting(algorithm, kid)
    if (found.length > 0) return found
    return (await published.again()).fitting(algorithm, kid)
  }

  /** What is left of issuers that are no more. */
  forgetAllBut(issuers: readonly Issuer[]): void {
    const ids = new Set(issuers.map(({ id }) => id))
    for (const id of this.#published.keys()) if (!ids.has(id)) this.#published.delete(id)
  }

  #givenBy({ jwks }: Issuer): KeySet {
    if (jwks === null) return new KeySet([])
    let set = this.#given.get(jwks)
    if (set === undefined) {
      set = new KeySet(jwks.keys.filter(isObject))
      this.#given.set(jwks, set)
    }
    return set
  }

  #publishedBy(issuer: Issuer, url: string): Published {
    const source = JSON.stringify([url, issuer.network])
    let published = this.#published.get(issuer.id)
    if (published === undefined || published.source !== source) {
      published = new Published(source, this.#parts, issuer, url)
      this.#published.set(issuer.id, published)
    }
    return published
  }
}

/** What one issuer publishes, and when it was asked. */
class Published {
  readonly source: string
  readonly #parts: JwtKeyParts
  readonly #issuer: Issuer
  readonly #url: string
  #set: KeySet | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #failure: OctroiError | undefined
  #asking: Promise<KeySet> | undefined

  constructor(source: string, parts: JwtKeyParts, issuer: Issuer, url: string) {
    this.source = source
    this.#parts = parts
    this.#issuer = issuer
    this.#url = url
  }

  async current(): Promise<KeySet> {
    const age = this.#since(this.#readAt)
    if (this.#set === undefined || age >= USABLE_MS) return this.#ask(AFTER_FAILURE_MS)
    // Nobody waits for it; a failure is remembered and counts once the keys are too old.
    if (age >= FRESH_MS) this.#ask(ASK_AGAIN_MS).catch(() => undefined)
    return this.#set
  }

  /** A key is not among those of before: perhaps it is among those of now. */
  again(): Promise<KeySet> {
    return this.#ask(ASK_AGAIN_MS)
  }

  /** Asks, but not sooner than `pauseMs` after the last time: what came of that is then the answer. */
  #ask(pauseMs: number): Promise<KeySet> {
    if (this.#asking !== undefined) return this.#asking
    if (this.#since(this.#askedAt) < pauseMs) {
      if (this.#failure !== undefined) return Promise.reject(this.#failure)
      if (this.#set !== undefined) return Promise.resolve(this.#set)
    }
    this.#askedAt = this.#parts.now()
    this.#asking = this.#read().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #read(): Promise<KeySet> {
    try {
      const { status, text } = await this.#parts.fetch(this.#url, this.#issuer.network)
      const set = status === 200 ? KeySet.read(text) : undefined
      if (set === undefined) throw new OctroiError('upstream_unreachable', `it answered ${status} and no set of keys`)
      this.#set = set
      this.#readAt = this.#parts.now()
      this.#failure = undefined
      return set
    } catch (error) {
      this.#failure = unreachable(this.#issuer.id, error)
      throw this.#failure
    }
  }

  /** A clock that was set back counts as if all of it had passed. */
  #since(time: number): number {
    const passed = this.#parts.now() - time
    return passed < 0 ? Number.POSITIVE_INFINITY : passed
  }
}

function unreachable(id: string, cause: unknown): OctroiError {
  const { code, detail } = cause instanceof OctroiError ? cause : { code: undefined, detail: 'they cannot be read' }
  const known = code === 'upstream_timeout' || code === 'upstream_refused_address' ? code : 'upstream_unreachable'
  return new OctroiError(known, `The keys of the issuer ${id} are missing: ${detail}`, { cause, retryAfter: 5 })
}
