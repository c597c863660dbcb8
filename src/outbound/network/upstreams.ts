import { createHash } from 'node:crypto'
import { isIP, type LookupFunction } from 'node:net'
import { TLSSocket } from 'node:tls'
import { buildConnector, Pool } from 'undici'
import type { NetworkPolicy } from '../../core/types.ts'
import type { ClientCertificate } from '../scheme.ts'
import { bareHost, Egress, type Listener, portOf, RefusedAddress } from './egress.ts'

/**
 * The sockets to one origin under one policy. Targets keep it for as long as the store does not change, so it outlives the pool that
 * idleness closes, and opens another when it is called again.
 */
export class Upstream {
  readonly origin: string
  usedAt = performance.now()
  readonly #open: () => Pool
  #pool: Pool | undefined

  constructor(origin: string, open: () => Pool) {
    this.origin = origin
    this.#open = open
  }

  get pool(): Pool {
    this.#pool ??= this.#open()
    return this.#pool
  }

  /** Whether it is closed now. */
  closeIfIdle(since: number): boolean {
    const pool = this.#pool
    if (pool === undefined) return true
    if (this.usedAt > since || pool.stats.running > 0 || pool.stats.pending > 0) return false
    this.#pool = undefined
    void pool.close()
    return true
  }

  async destroy(): Promise<void> {
    await this.#pool?.destroy()
  }
}

type Connected = Parameters<buildConnector.Callback>

const MAX_SOCKETS = 256
const IDLE_MS = 300_000

/**
 * Pools by (origin, CA, client certificate, network policy, connect time-out): a socket that one connection's rules opened never carries the call of a
 * connection with other rules (D12).
 */
export class Upstreams {
  /** Those that some target holds: what no connection uses any more is forgotten, its client certificate and key with it. */
  readonly #known = new Map<string, WeakRef<Upstream>>()
  /** Those that have sockets. */
  readonly #open = new Set<Upstream>()
  readonly #listeners: () => readonly Listener[]
  readonly #resolve: LookupFunction | undefined
  readonly #sweeper: NodeJS.Timeout

  constructor(listeners: () => readonly Listener[], resolve?: LookupFunction) {
    this.#listeners = listeners
    this.#resolve = resolve
    this.#sweeper = setInterval(() => this.#closeIdle(), IDLE_MS / 5).unref()
  }

  /** `certificate`: presented to the service; such a socket carries the calls of nobody else. */
  get(origin: string, network: NetworkPolicy, connectMs: number, certificate?: ClientCertificate): Upstream {
    const key = poolKey(origin, network, connectMs, certificate)
    const known = this.#known.get(key)?.deref()
    if (known !== undefined) return known
    const upstream = new Upstream(origin, () => {
      this.#open.add(upstream)
      return this.#poolTo(origin, network, connectMs, certificate)
    })
    this.#known.set(key, new WeakRef(upstream))
    return upstream
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    await Promise.all([...this.#open].map((upstream) => upstream.destroy()))
    this.#open.clear()
    this.#known.clear()
  }

  #poolTo(origin: string, network: NetworkPolicy, connectMs: number, certificate?: ClientCertificate): Pool {
    const url = new URL(origin)
    const egress = new Egress(network, this.#listeners)
    const connect = buildConnector({
      timeout: connectMs,
      // Explicit, so that no environment variable of the process can switch verification off.
      rejectUnauthorized: true,
      lookup: egress.lookup(portOf(url), url.protocol, this.#resolve),
      ...(network.ca === undefined ? {} : { ca: network.ca }),
      ...certificate,
    })
    return new Pool(origin, {
      connections: MAX_SOCKETS,
      pipelining: 1,
      allowH2: false,
      // Time limits are the exchange's: one clock from arrival to the last byte.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 60_000,
      connect: (options, callback) => {
        // `net.connect` asks no look-up for an address written in digits.
        const host = bareHost(options.hostname)
        const refusal = isIP(host) === 0 ? undefined : egress.refusal(host, portOf(url), url.protocol)
        if (refusal !== undefined) callback(new RefusedAddress(`${host}: ${refusal}`), null)
        else connect(options, (...result) => callback(...heedingAlerts(result)))
      },
    })
  }

  #closeIdle(): void {
    const before = performance.now() - IDLE_MS
    for (const upstream of this.#open) if (upstream.closeIfIdle(before)) this.#open.delete(upstream)
    for (const [key, ref] of this.#known) if (ref.deref() === undefined) this.#known.delete(key)
  }
}

/**
 * What the service says of our side of TLS (a client certificate it does not take) comes with TLS 1.3 when the socket is open
 * already (RFC 8446 §4.4.2.4, §6.2), and the end of the socket right behind: the alert is the reason, the end is not.
 */
function heedingAlerts(result: Connected): Connected {
  const [, socket] = result
  if (socket instanceof TLSSocket) socket.once('error', (error) => socket.destroy(error))
  return result
}

function poolKey(
  origin: string,
  network: NetworkPolicy,
  connectMs: number,
  certificate: ClientCertificate | undefined,
): string {
  const { allow_private = false, allow_http = false, ca = '' } = network
  const policy = JSON.stringify([allow_private, allow_http, connectMs])
  const keys = certificate === undefined ? '' : `${certificate.cert}\0${certificate.key}`
  return `${origin} ${policy} ${digest(ca)} ${digest(keys)}`
}

function digest(text: string): string {
  return text === '' ? '' : createHash('sha256').update(text).digest('base64')
}
