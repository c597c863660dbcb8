import { OctroiError } from '../../core/errors.ts'
import { newEvent } from '../../core/events.ts'
import type { Connection, Token } from '../../core/types.ts'
import { type MakingParts, makeConnection } from '../connection_making.ts'
import type { Connector } from '../connector.ts'
import { type OpenApp, openApp } from '../connector_app.ts'
import { type Held, heldOf, openHeld } from '../held.ts'
import type { Renewals } from '../renewals.ts'
import { changeSecrets } from '../secrets_change.ts'
import type { Draft } from './draft.ts'

export interface CandidateParts extends MakingParts {
  readonly renewals: Renewals
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What a draft would be as a connection, and, once it works, is. */
export class Candidates {
  readonly #parts: CandidateParts

  constructor(parts: CandidateParts) {
    this.#parts = parts
  }

  connector(draft: Draft): Connector {
    const connector = this.#parts.catalogue.get(draft.connection.connector)
    if (connector !== undefined) return connector
    throw new OctroiError('internal', `The connector ${draft.connection.connector} is not in the catalogue any more.`)
  }

  async app({ connection, exists }: Draft): Promise<OpenApp | undefined> {
    const stored = await this.#parts.store.apps.get(connection.connector)
    if (stored === undefined || stored.app.scheme !== connection.scheme) return undefined
    return exists && connection.app === null ? undefined : openApp(this.#parts, stored)
  }

  /** The connection of the draft with what it would hold. */
  async held(draft: Draft): Promise<Held> {
    const stored = draft.exists ? await this.#parts.store.connections.get(draft.connection.id) : undefined
    if (stored !== undefined) {
      const held = await openHeld(stored, this.#parts.vault, this.#parts.catalogue)
      return { ...held, secrets: { ...held.secrets, ...draft.secrets }, token: null }
    }
    const app = await this.app(draft)
    const connection = { ...draft.connection, app: app?.app.connector ?? null }
    return heldOf(connection, draft.secrets, this.#parts.catalogue, app)
  }
  async store(draft: Draft): Promise<Connection> {
    const { store, vault } = this.#parts
    if (!draft.exists) {
      const app = await this.app(draft)
      return makeConnection(this.#parts, draft.connection, draft.secrets, {
        app,
        verify: false,
        token: draft.token ?? undefined,
      })
    }
    const stored = await store.connections.get(draft.connection.id)
    if (stored === undefined) throw new OctroiError('not_found', `There is no connection ${draft.connection.id}.`)
    await this.requireSameIdentity(draft, draft.token)
    const opened = await vault.openSecrets(stored.dataKey, stored.connection, stored.sealed)
    const since = new Date(this.#parts.now()).toISOString()
    const after = { ...stored.connection, settings: draft.connection.settings, updated_at: since }
    const subject = `connection:${after.id}`
    await changeSecrets(this.#parts, stored, {
      after,
      sets: { current: { ...opened.current, ...draft.secrets }, next: opened.next },
      keep: 'durable',
      token: draft.token,
      async record(trx) {
        await trx.events.insert(newEvent('connection.secret_rotated', subject))
        if (stored.connection.state === 'suspended') return
        const changed = await trx.connections.setState(after.id, 'ready', null, since)
        if (changed) await trx.events.insert(newEvent('connection.recovered', subject, { reason: null }))
      },
    })
    return { ...after, state: 'ready', state_reason: null, state_since: since }
  }

  /** Somebody else's account in an existing connection would be read and written by everybody who was granted the former (D3). */
  async requireSameIdentity({ exists, connection }: Draft, token: Token | null): Promise<void> {
    const stored = exists ? await this.#parts.store.connections.get(connection.id) : undefined
    if (stored === undefined || token?.identity == null) return
    const before = (await openHeld(stored, this.#parts.vault, this.#parts.catalogue)).token?.identity ?? null
    if (before === null || before === token.identity) return
    throw new OctroiError(
      'identity_changed',
      'Another account signed in than the one that is connected. Make a new connection for it.',
    )
  }
}
