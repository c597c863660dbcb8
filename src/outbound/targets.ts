import { OctroiError } from '../core/errors.ts'
import { Generations } from '../core/generations.ts'
import type { HotReads, StoredConnection } from '../core/stores.ts'
import type { Connection, ConnectionLimits, EffectiveLimits } from '../core/types.ts'
import type { Vault } from '../core/vault.ts'
import type { Catalogue } from './catalogue.ts'
import { resolveBaseUrl } from './connection_input.ts'
import type { Connector } from './connector.ts'
import type { Signature } from './scheme.ts'
import { mangledParameter, signConnection, signedNames } from './signing.ts'
import type { Upstream, Upstreams } from './upstreams.ts'

/** A connection that is ready to be called: where it goes, and the ready-made signature. */
export interface Target {
  readonly connection: Connection
  readonly connector: Connector
  readonly upstream: Upstream
  /** The path of the base URL, without a trailing slash; empty at the root. */
  readonly basePath: string
  readonly signature: Signature
  /** Of the sealed secrets that both signatures were made from; 0 for a connection that is not stored yet. */
  readonly secretsVersion: number
  /** Of the secrets that the connection changes over to. */
  readonly next: Signature | null
  /** What signing sets, removed from what the caller sent (lower case; D17). */
  readonly signedHeaders: ReadonlySet<string>
  readonly signedQuery: ReadonlySet<string>
  readonly limits: EffectiveLimits
  readonly firstByteMs: number
  readonly idleMs: number
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
  readonly #kept = new Generations<string, Target>(CAPACITY)

  constructor(hot: HotReads, vault: Vault, catalogue: Catalogue, upstreams: Upstreams) {
    this.#hot = hot
    this.#vault = vault
    this.#catalogue = catalogue
    this.#upstreams = upstreams
  }

  /** `version` is what `HotReads.version()` gave for this request. Throws `reconnect_required` when a person must act first. */
  find(version: number, id: string): Target | undefined | Promise<Target | undefined> {
    const catalogueVersion = this.#catalogue.version
    if (version !== this.#version || catalogueVersion !== this.#catalogueVersion) {
      this.#version = version
      this.#catalogueVersion = catalogueVersion
      this.#kept.clear()
    }
    return this.#kept.get(id) ?? this.#load(version, id)
  }

  async #load(version: number, id: string): Promise<Target | undefined> {
    const stored = await this.#hot.findConnection(id)
    if (stored === undefined) return undefined
    const target = await this.build(stored)
    if (version === this.#version) this.#kept.set(id, target)
    return target
  }

  /** Also for a connection that is not stored yet: its test before it is. */
  async build(stored: StoredConnection): Promise<Target> {
    const secrets = await this.#vault.openSecrets(stored.dataKey, stored.connection, stored.sealed)
    return this.compile(stored.connection, secrets.current, secrets.next, stored.sealed.version)
  }

  compile(
    connection: Connection,
    current: Readonly<Record<string, string>>,
    next: Readonly<Record<string, string>> | null = null,
    secretsVersion = 0,
  ): Target {
    const connector = this.#catalogue.get(connection.connector)
    if (connector === undefined) {
      throw new OctroiError(
        'reconnect_required',
        `The connector ${connection.connector} is not in the catalogue any more.`,
      )
    }
    const { settings, scheme } = connection
    const url = new URL(resolveBaseUrl(connector, settings))
    const names = signedNames(scheme, { connector, settings })
    const timeouts = connection.options.timeouts ?? {}
    return {
      connection,
      connector,
      upstream: this.#upstreams.get(url.origin, connection.network, timeouts.connect_ms ?? CONNECT_MS),
      basePath: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, ''),
      signature: signConnection(scheme, { connector, settings, secrets: current }),
      secretsVersion,
      next: next === null ? null : signConnection(scheme, { connector, settings, secrets: next }),
      signedHeaders: new Set(names.headers.flatMap((name) => [name, name.replace(/[^a-z0-9]/g, '-')])),
      signedQuery: new Set(names.query.flatMap((name) => [name, mangledParameter(name)])),
      limits: limitsOf(connector, connection),
      firstByteMs: timeouts.first_byte_ms ?? FIRST_BYTE_MS,
      idleMs: timeouts.idle_ms ?? IDLE_MS,
    }
  }
}

/** The connection's own limits win over the connector's, those over the defaults. */
function limitsOf(connector: Connector, connection: Connection): EffectiveLimits {
  const own = connection.options.limits ?? {}
  const pick = (name: keyof ConnectionLimits) => own[name] ?? connector.limits[name] ?? DEFAULT_LIMITS[name]
  return {
    concurrent: pick('concurrent'),
    concurrent_writes: pick('concurrent_writes'),
    queue: pick('queue'),
    request_bytes: pick('request_bytes'),
  }
}
