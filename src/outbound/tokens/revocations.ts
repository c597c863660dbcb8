import { setTimeout as wait } from 'node:timers/promises'
import type { StoredConnection } from '../../core/stores.ts'
import type { Vault } from '../../core/vault.ts'
import { openHeld, secretsOf } from '../connections/held.ts'
import type { Catalogue } from '../connectors/catalogue.ts'
import type { Renewals } from './renewals.ts'

export interface RevocationParts {
  readonly vault: Vault
  readonly catalogue: Catalogue
  readonly renewals: Pick<Renewals, 'context'>
  readonly log: { info(fields: object, message: string): void }
}

/** Nobody who deletes a connection waits longer for its service. */
const PATIENCE_MS = 3_000

/** Ends the tokens of deleted connections at their services: a token that nobody holds any more should be good for nothing. */
export class Revocations {
  readonly #parts: RevocationParts

  constructor(parts: RevocationParts) {
    this.#parts = parts
  }

  /**
   * As well as the service allows, and never a fault of the deletion, which is done by now. One that a restore suspended is another
   * installation's, perhaps: its token goes on working there (D15).
   */
  async end(stored: StoredConnection): Promise<void> {
    if (stored.token?.sealed == null || stored.connection.state === 'suspended') return
    const late = new AbortController()
    await Promise.race([this.#revoke(stored), wait(PATIENCE_MS, undefined, { signal: late.signal, ref: false })])
    late.abort()
  }

  async #revoke(stored: StoredConnection): Promise<void> {
    const { vault, catalogue, renewals, log } = this.#parts
    const { id } = stored.connection
    try {
      const held = await openHeld(stored, vault, catalogue)
      const revoke = held.scheme.exchange?.revoke
      if (revoke === undefined || held.token === null) return
      await revoke(secretsOf(held), renewals.context(held))
      log.info({ connection: id }, 'the token of a deleted connection was ended at its service')
    } catch (error) {
      // Details of exchanges hold no secret; what is behind them (`cause`) may.
      const { detail, message } = error as { readonly detail?: string; readonly message: string }
      log.info({ connection: id, reason: detail ?? message }, 'the token of a deleted connection could not be ended')
    }
  }
}
