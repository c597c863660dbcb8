import { newEvent } from '../../core/events.ts'
import type { Store } from '../../core/stores.ts'
import type { ConnectionState } from '../../core/types.ts'
import type { Vault } from '../../core/vault.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import { isOver } from '../tokens/renewal_failures.ts'
import { carryToken } from '../tokens/token_carrying.ts'
import { type CheckResult, checkConnection } from './check.ts'
import type { Target } from './targets.ts'

const EVENT_OF = {
  ready: 'connection.recovered',
  degraded: 'connection.degraded',
  reconnect_required: 'connection.reconnect_required',
} as const

/** A connection is looked into at most so often, however many calls say that something is wrong (D19). */
const LOOK_EVERY_MS = 60_000

/**
 * Keeps the state of connections true. What a caller sees (a refusal, a success) only causes a look; the connection's own test
 * decides. `degraded` stops no call: a secret that was mended at the service works again without anybody telling us.
 */
export class ConnectionHealth {
  readonly #store: Store
  readonly #vault: Vault
  readonly #catalogue: Catalogue
  readonly #looked = new Map<string, number>()

  constructor(store: Store, vault: Vault, catalogue: Catalogue) {
    this.#store = store
    this.#vault = vault
    this.#catalogue = catalogue
  }

  /** The service refused our credential in a call. */
  async refused(target: Target): Promise<void> {
    if (!this.#mayLook(target)) return
    const result = await checkConnection(target)
    // Without a test of its own the refusal is all there is to go by, and the mark costs nobody a call.
    if (result.outcome === 'untested')
      await this.mark(target.connection.id, 'degraded', 'The service refused the credential.')
    else await this.record(target.connection.id, result)
  }

  /** A call went through although the connection is marked. */
  async succeeded(target: Target): Promise<void> {
    if (target.connection.state !== 'degraded' || !this.#mayLook(target)) return
    await this.record(target.connection.id, await checkConnection(target))
  }

  async record(id: string, result: CheckResult): Promise<void> {
    if (result.ok) await this.mark(id, 'ready', null)
    else await this.mark(id, 'degraded', result.detail)
  }

  async mark(id: string, state: keyof typeof EVENT_OF, reason: string | null): Promise<void> {
    const type = EVENT_OF[state]
    await this.#store.transaction(async (trx) => {
      const stored = await trx.connections.get(id)
      if (stored === undefined || !mayBecome(stored.connection.state, state)) return
      // Its token works until it ends, and then a person is needed: that a call succeeds says nothing against it.
      if (state === 'ready' && (await isRefusedForGood(trx, id))) return
      const changed = await trx.connections.setState(id, state, reason, new Date().toISOString())
      if (changed) await trx.events.insert(newEvent(type, `connection:${id}`, { reason }))
    })
  }

  /**
   * The service took the `next` secrets where it refused the current ones: they change places, and the old ones are kept as
   * `next`, so that a switch made too early heals itself. With `fromVersion` only if the secrets are still the ones that this was
   * seen with: of many calls that saw it at once, the second must not change back.
   */
  async switchOver(id: string, because: 'refused' | 'asked', fromVersion?: number): Promise<boolean> {
    const stored = await this.#store.connections.get(id)
    if (stored === undefined || stored.sealed.next === null) return false
    if (fromVersion !== undefined && stored.sealed.version !== fromVersion) return false
    const { current, next } = await this.#vault.openSecrets(stored.dataKey, stored.connection, stored.sealed)
    if (next === null) return false
    const version = stored.sealed.version + 1
    const sets = { current: next, next: current }
    const sealed = await this.#vault.sealSecrets(stored.dataKey, stored.connection, sets, version)
    const token = await carryToken(this.#vault, this.#catalogue, stored, { version, keep: 'durable' })
    return this.#store.transaction(async (trx) => {
      const switched = await trx.connections.updateSecrets(id, sealed, stored.sealed.version)
      if (!switched) return false
      if (token !== null) await trx.tokens.put(id, token.sealed, token.dueAt)
      await trx.events.insert(newEvent('connection.switched', `connection:${id}`, { because }))
      return true
    })
  }

  #mayLook(target: Target): boolean {
    const { id } = target.connection
    const now = performance.now()
    const last = this.#looked.get(id)
    if (last !== undefined && now - last < LOOK_EVERY_MS) return false
    this.#looked.set(id, now)
    return true
  }
}

async function isRefusedForGood(store: Store, id: string): Promise<boolean> {
  const row = await store.tokens.get(id)
  return row !== undefined && isOver(row)
}

/**
 * A look decides between `ready` and `degraded`. It does not put back into service what a restore took out of it (D15), and a
 * failing test does not make callable what waits for a person.
 */
function mayBecome(from: ConnectionState, to: ConnectionState): boolean {
  if (from === 'suspended') return false
  return to === 'ready' || from === 'ready' || from === 'degraded'
}
