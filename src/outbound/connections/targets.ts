import { OctroiError } from '../../core/errors.ts'
import { Generations } from '../../core/generations.ts'
import type { HotReads, StoredConnection } from '../../core/stores.ts'
import type { Connection, EffectiveLimits, Token } from '../../core/types.ts'
import type { Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import { resolveBaseUrl } from '../connectors/connection_input.ts'
import type { Connector } from '../connectors/connector.ts'
import type { Upstream, Upstreams } from '../network/upstreams.ts'
import type { Signature } from '../scheme.ts'
import { mangledParameter, signConnection, signedNames } from '../signing.ts'
import { isSpent } from '../tokens/lifetime.ts'
import { type Held, openHeld, secretsOf } from './held.ts'

/** What is known of a connection before its token is. */
interface Known {
  readonly connection: Connection
  readonly connector: Connector
  /** Of the sealed secrets that the signatures were made from; 0 for a connection that is not stored yet. */
  readonly secretsVersion: number
  /** `null` where nothing is exchanged: the secrets themselves are sent. */
  readonly token: TokenStatus | null
  /** What signing sets, removed from what the caller sent (lower case; D17). */
  readonly signedHeaders: ReadonlySet<string>
  readonly signedQuery: ReadonlySet<string>
  readonly limits: EffectiveLimits
  readonly firstByteMs: number
  readonly idleMs: number
}

/** A connection that is ready to be called: where it goes, and the ready-made signature. */
export interface Target extends Known {
  readonly ready: true
  readonly upstream: Upstream
  /** The path of the base URL, without a trailing slash; empty at the root. */
  readonly basePath: string
  readonly signature: Signature
  /** Of the secrets that the connection changes over to. Those that are exchanged first have none. */
  readonly next: Signature | null
}

/** One that needs a token first. */
export interface Unready extends Known {
  readonly ready: false
}

export type Sought = Target | Unready

/** Times are milliseconds since the epoch. */
export interface TokenStatus {
  readonly version: number
  readonly obtainedAt: number
  readonly expiresAt: number
  readonly renewAt: number
  /** Every use moves the end so far from then. */
  readonly idleMs: number | null
  /** Beyond which use does not move it. */
  readonly endsAt: number
}

/** RecyClique gives up after 15 s: the defaults leave it an answer. */
const CONNECT_MS = 3_000
const FIRST_BYTE_MS = 12_000
const IDLE_MS = 30_000

export const DEFAULT_LIMITS: EffectiveLimits = {
  concurrent: 128,
  concurrent_writes: 128,
  queue: 512,
  request_bytes: 100 * 1024 * 1024,
}

const CAPACITY = 10_000

/** Connection id → target, kept as long as the store and the catalogue stay as they are, and no longer. */
export class Targets {
  readonly #hot: HotReads
  readonly #vault: Vault
  readonly #catalogue: Catalogue
  readonly #upstreams: Upstreams
  #version = Number.NaN
  #catalogueVersion = -1
  readonly #kept = new Generations<string, Sought>(CAPACITY)

  constructor(hot: HotReads, vault: Vault, catalogue: Catalogue, upstreams: Upstreams) {
    this.#hot = hot
    this.#vault = vault
    this.#catalogue = catalogue
    this.#upstreams = upstreams
  }

  /** `version` is what `HotReads.version()` gave for this request. Throws `reconnect_required` when a person must act first. */
  find(version: number, id: string): Sought | undefined | Promise<Sought | undefined> {
    const catalogueVersion = this.#catalogue.version
    if (version !== this.#version || catalogueVersion !== this.#catalogueVersion) {
      this.#version = version
      this.#catalogueVersion = catalogueVersion
      this.#kept.clear()
    }
    return this.#kept.get(id) ?? this.#load(version, id)
  }

  async #load(version: number, id: string): Promise<Sought | undefined> {
    const stored = await this.#hot.findConnection(id)
    if (stored === undefined) return undefined
    const sought = await this.build(stored)
    if (version === this.#version) this.#kept.set(id, sought)
    return sought
  }

  async build(stored: StoredConnection): Promise<Sought> {
    return this.compile(await openHeld(stored, this.#vault, this.#catalogue))
  }

  /** Also for a connection that is not stored yet: its test before it is. */
  compile(held: Held): Sought {
    const { scheme, token } = held
    const known = this.#known(held)
    if (scheme.exchange !== undefined && (token === null || isSpent(token))) return { ...known, ready: false }
    return this.target(held, known)
  }

  /** With the token that is held, however old it is. */
  target(held: Held, known: Known = this.#known(held)): Target {
    const { connection, connector, scheme, token } = held
    const secrets = secretsOf(held)
    const signature = signConnection(scheme, secrets)
    const exchanges = scheme.exchange !== undefined
    const url = new URL(addressOf(connector, connection.settings, token))
    const connectMs = connection.options.timeouts?.connect_ms ?? CONNECT_MS
    return {
      ...known,
      ready: true,
      upstream: this.#upstreams.get(url.origin, connection.network, connectMs, signature.certificate),
      basePath: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, ''),
      signature,
      next: held.next === null || exchanges ? null : signConnection(scheme, { ...secrets, secrets: held.next }),
    }
  }

  #known({ connection, connector, scheme, secretsVersion, token, tokenVersion }: Held): Known {
    const names = signedNames(scheme, { connector, settings: connection.settings })
    const timeouts = connection.options.timeouts ?? {}
    return {
      connection,
      connector,
      secretsVersion,
      token: scheme.exchange === undefined ? null : statusOf(token, tokenVersion),
      signedHeaders: new Set(names.headers.flatMap((name) => [name, name.replace(/[^a-z0-9]/g, '-')])),
      signedQuery: new Set(names.query.flatMap((name) => [name, mangledParameter(name)])),
      limits: limitsOf(connector, connection),
      firstByteMs: timeouts.first_byte_ms ?? FIRST_BYTE_MS,
      idleMs: timeouts.idle_ms ?? IDLE_MS,
    }
  }
}

/** Settings were right when they were given: what the connector file has become since is nothing that a caller sent (400). */
function addressOf(connector: Connector, settings: Connection['settings'], token: Token | null): string {
  try {
    return resolveBaseUrl(connector, settings, token?.values) as string
  } catch (error) {
    if (!(error instanceof OctroiError) || error.code !== 'invalid_request') throw error
    throw new OctroiError('reconnect_required', `${error.detail} Connect ${connector.name} again.`, { cause: error })
  }
}

function statusOf(token: Token | null, version: number): TokenStatus {
  if (token === null) return { version, obtainedAt: 0, expiresAt: 0, renewAt: 0, idleMs: null, endsAt: 0 }
  return {
    version,
    obtainedAt: Date.parse(token.obtained_at),
    expiresAt: token.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(token.expires_at),
    renewAt: token.renew_at === null ? Number.POSITIVE_INFINITY : Date.parse(token.renew_at),
    idleMs: token.idle_s === null ? null : token.idle_s * 1000,
    endsAt: token.ends_at === null ? Number.POSITIVE_INFINITY : Date.parse(token.ends_at),
  }
}

/** The connection's own limits win over the connector's, those over the defaults. */
function limitsOf(connector: Connector, connection: Connection): EffectiveLimits {
  const own = connection.options.limits ?? {}
  const pick = (name: keyof EffectiveLimits) => own[name] ?? connector.limits[name] ?? DEFAULT_LIMITS[name]
  return {
    concurrent: pick('concurrent'),
    concurrent_writes: pick('concurrent_writes'),
    queue: pick('queue'),
    request_bytes: pick('request_bytes'),
  }
}
