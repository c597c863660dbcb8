import { OctroiError } from '../../core/errors.ts'
import type { StoredConnection } from '../../core/stores.ts'
import type { Connection, Token } from '../../core/types.ts'
import { type MakingParts, makeConnection } from '../connections/connection_making.ts'
import { type OpenApp, ownSecrets, sharedApp } from '../connections/connector_app.ts'
import { type Held, heldOf, openHeld } from '../connections/held.ts'
import type { Connector } from '../connectors/connector.ts'
import type { Renewals } from '../tokens/renewals.ts'
import { type Draft, placeOf } from './draft.ts'
import { reconnect } from './reconnecting.ts'

export interface CandidateParts extends MakingParts {
  readonly renewals: Renewals
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What a draft would be as a connection, and, once it works, is. Throws `conflict` when the ground for it is gone. */
export class Candidates {
  readonly #parts: CandidateParts

  constructor(parts: CandidateParts) {
    this.#parts = parts
  }

  connector({ connection }: Draft): Connector {
    const connector = this.#parts.catalogue.get(connection.connector)
    if (connector !== undefined) return connector
    throw new OctroiError('conflict', `The connector ${connection.connector} is not in the catalogue any more.`)
  }

  /** The draft in one of the ways to connect, with the application that there is for it. */
  async withScheme(draft: Draft, scheme: string): Promise<Draft> {
    if (draft.before !== null) return draft
    const { connection } = draft
    const stored = await this.#parts.store.apps.get(connection.connector)
    const app = stored?.app.scheme === scheme ? stored.app.connector : null
    const isSame = scheme === connection.scheme && app === connection.app
    return { ...draft, connection: { ...connection, scheme, app }, secrets: isSame ? draft.secrets : {} }
  }

  /** The application that lends its secrets, as it was decided when the person gave theirs. */
  async app({ connection }: Draft): Promise<OpenApp | undefined> {
    if (connection.app === null) return undefined
    const app = await sharedApp(this.#parts, connection.app, connection.scheme)
    if (app !== undefined) return app
    throw new OctroiError('conflict', `The application of the connector ${connection.connector} was removed meanwhile.`)
  }

  /** The connection of the draft with what it would hold. */
  async held(draft: Draft): Promise<Held> {
    const { vault, catalogue } = this.#parts
    this.connector(draft)
    if (draft.before === null) return heldOf(draft.connection, draft.secrets, catalogue, await this.app(draft))
    const held = await openHeld(await this.#asItWas(draft), vault, catalogue)
    const settings = { ...draft.connection.settings, ...held.connection.settings }
    return {
      ...held,
      connection: { ...held.connection, settings },
      secrets: { ...held.secrets, ...draft.secrets },
      token: null,
    }
  }

  /** What is changed, or made. */
  async subject(draft: Draft): Promise<Connection> {
    return draft.before === null ? draft.connection : (await this.#asItWas(draft)).connection
  }

  async store(draft: Draft): Promise<Connection> {
    if (draft.before !== null) {
      const stored = await this.#asItWas(draft)
      await this.requireSameIdentity(draft, draft.token)
      return reconnect(this.#parts, stored, draft)
    }
    const app = await this.app(draft)
    const secrets = ownSecrets(this.connector(draft), draft.connection.scheme, draft.secrets, app)
    const token = draft.token ?? undefined
    return makeConnection(this.#parts, draft.connection, secrets, { app, verify: false, token })
  }

  /** Somebody else's account in an existing connection would be read and written by everybody who was granted the former (D3). */
  async requireSameIdentity(draft: Draft, token: Token | null): Promise<void> {
    if (draft.before === null || token?.identity == null) return
    const held = await openHeld(await this.#asItWas(draft), this.#parts.vault, this.#parts.catalogue)
    const before = held.token?.identity ?? null
    if (before === null || before === token.identity) return
    throw new OctroiError(
      'identity_changed',
      'Another account signed in than the one that is connected. Make a new connection for it.',
    )
  }

  /** Not one that was deleted, made anew, moved or suspended since: what the person agreed to was another (D8, D15). */
  async #asItWas({ before, connection }: Draft): Promise<StoredConnection> {
    const stored = await this.#parts.store.connections.get(connection.id)
    if (stored !== undefined && placeOf(stored.connection) === before?.place && stored.connection.state !== 'suspended')
      return stored
    throw new OctroiError('conflict', `The connection ${connection.id} was changed since the link was made.`)
  }
}
