import type { Settings } from '../../src/config/settings.ts'
import type { Store } from '../../src/core/stores.ts'
import type { Connection, Secrets, Token } from '../../src/core/types.ts'
import type { Vault } from '../../src/core/vault.ts'
import { type Installation, openCatalogue, openInstallation } from '../../src/installation/open.ts'
import { makeConnection } from '../../src/outbound/connections/connection_making.ts'
import { ConnectionHealth } from '../../src/outbound/connections/health.ts'
import { type Sought, type Target, Targets } from '../../src/outbound/connections/targets.ts'
import { validateSecrets, validateSettings } from '../../src/outbound/connectors/connection_input.ts'
import { Upstreams } from '../../src/outbound/network/upstreams.ts'
import type { RenewalTimes } from '../../src/outbound/tokens/renewal_parts.ts'
import { Renewals } from '../../src/outbound/tokens/renewals.ts'

export interface EngineOptions {
  readonly now?: () => number
  readonly times?: Partial<RenewalTimes>
  readonly random?: () => number
  /** Around what the engine is given: to see what it does, or to end it there. */
  readonly store?: (store: Store) => Store
  readonly vault?: (vault: Vault) => Vault
}

/** What keeps tokens fresh, on a real store, without a gate around it and with a clock of its own. */
export interface Engine extends Pick<Installation, 'open' | 'ring'> {
  readonly renewals: Renewals
  /** Stores a connection; with `token`, what a person's consent gave. */
  make(body: Making, token?: Token): Promise<void>
  sought(id?: string): Promise<Sought>
  /** Ready to be called, whatever that takes. */
  ready(id?: string): Promise<Target>
  /** The status of a call with the signature of `target`. */
  ask(target: Target, path: string): Promise<number>
  close(): Promise<void>
}

export interface Making {
  readonly id?: string
  readonly connector: string
  readonly scheme: string
  readonly settings: Connection['settings']
  readonly secrets: Secrets
}

const QUIET = { error: () => undefined, info: () => undefined, debug: () => undefined }

export async function startEngine(settings: Settings, options: EngineOptions = {}): Promise<Engine> {
  const { open, ring } = await openInstallation(settings)
  const { now = Date.now, times = {}, random = Math.random } = options
  const store = options.store?.(open.store) ?? open.store
  const vault = options.vault?.(ring) ?? ring
  const catalogue = openCatalogue(settings)
  const upstreams = new Upstreams(() => [])
  const targets = new Targets(open.hot, vault, catalogue, upstreams)
  const health = new ConnectionHealth(store, vault, catalogue)
  const renewals = new Renewals({ store, vault, catalogue, upstreams, targets, health, now, times, random, log: QUIET })
  const sought = async (id = 'svc') => {
    // Past the cache, which on PostgreSQL may be a second behind.
    const stored = await open.store.connections.get(id)
    if (stored === undefined) throw new Error(`there is no ${id}`)
    return targets.build(stored)
  }
  return {
    open,
    ring,
    renewals,
    sought,
    ready: async (id) => renewals.ready(await sought(id)),
    async make({ id = 'svc', secrets, ...body }, token) {
      const connector = catalogue.get(body.connector)
      if (connector === undefined) throw new Error(`there is no connector ${body.connector}`)
      const at = new Date(now()).toISOString()
      const connection: Connection = {
        ...{
          id,
          name: id,
          connector: connector.id,
          scheme: body.scheme,
          tags: {},
          network: { allow_private: true, allow_http: true },
          options: {},
        },
        settings: validateSettings(connector, body.settings),
        ...{ app: null, has_next: false, state: 'ready', state_reason: null, state_since: at },
        ...{ created_at: at, updated_at: at },
      }
      const parts = { store: open.store, vault: ring, catalogue, renewals, targets, listeners: () => [] }
      await makeConnection(parts, connection, validateSecrets(connector, body.scheme, secrets), {
        app: undefined,
        verify: false,
        token,
      })
    },
    async ask({ upstream, basePath, signature }, path) {
      const headers = signature.headers.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] ?? '']] : []))
      const answer = await fetch(`${upstream.origin}${basePath}${path}`, { headers: Object.fromEntries(headers) })
      await answer.arrayBuffer()
      return answer.status
    },
    async close() {
      await renewals.close()
      await upstreams.close()
      await open.close()
    },
  }
}
