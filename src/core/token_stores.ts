import type { DataKey } from './stores.ts'
import type { ConnectorApp, ConnectSession, SealedSecrets, SealedToken } from './types.ts'

/** What is stored of tokens, of the applications that they are asked for with, and of people on their way to consent. */

export interface StoredApp {
  readonly app: ConnectorApp
  readonly sealed: SealedSecrets
  readonly dataKey: DataKey
}

export interface AppStore {
  /** Throws `conflict` when the connector is configured already. */
  insert(app: ConnectorApp, sealed: SealedSecrets, dataKeyId: string): Promise<void>
  get(connector: string): Promise<StoredApp | undefined>
  /** Only when the secrets are still at `fromVersion`. */
  update(app: ConnectorApp, sealed: SealedSecrets, fromVersion: number): Promise<boolean>
  /** Throws `conflict` while connections use it. */
  delete(connector: string): Promise<boolean>
}

/** The state of renewal of one connection. Every write but `put` needs the fencing token of a lease that is still the latest. */
export interface TokenRow extends SealedToken {
  /** When the background looks at it again; `null`: not before somebody asks. */
  readonly due_at: string | null
  /** Renewals that failed in a row. */
  readonly failures: number
  readonly fence: number
  readonly lease_until: string | null
}

export interface DueToken {
  readonly id: string
  readonly connector: string
  readonly due_at: string
}

export interface TokenStore {
  get(connectionId: string): Promise<TokenRow | undefined>
  /** By a person's hand: replaces whatever is there, and ends the lease of whoever is renewing. Returns the new version. */
  put(connectionId: string, sealed: string | null, dueAt: string | null): Promise<number>
  /** The lease, unless somebody holds one at `now`. The fencing token is larger than every one before it. */
  lease(connectionId: string, now: string, until: string): Promise<number | undefined>
  /**
   * Only under the latest lease and when the connection's secrets are still at `secretsVersion` (D20). Ends the lease. Returns the
   * new version; may be repeated when it is not known whether it was done.
   */
  save(
    connectionId: string,
    fence: number,
    secretsVersion: number,
    sealed: string | null,
    dueAt: string | null,
  ): Promise<number | undefined>
  /** Notes a renewal that failed and ends the lease. `dueAt` is when to try again. */
  fail(connectionId: string, fence: number, dueAt: string | null): Promise<boolean>
  release(connectionId: string, fence: number): Promise<void>
  /** Connections in service whose renewal is due and under way nowhere, the most overdue first; those of some connectors left out. */
  due(now: string, limit: number, except?: readonly string[]): Promise<readonly DueToken[]>
  /** Moves a due time that is still `from`. */
  postpone(connectionId: string, from: string, to: string | null): Promise<void>
}

export interface ConnectSessionStore {
  insert(session: ConnectSession, tokenHash: string): Promise<void>
  get(id: string): Promise<ConnectSession | undefined>
  findByToken(tokenHash: string): Promise<ConnectSession | undefined>
  findByState(stateHash: string): Promise<ConnectSession | undefined>
  /** Only as it was read: of two browsers, or two answers of one, the first gets it. */
  advance(
    id: string,
    from: Pick<ConnectSession, 'state' | 'sealed'>,
    to: Pick<ConnectSession, 'state' | 'sealed' | 'state_hash'>,
  ): Promise<boolean>
  deleteExpired(now: string): Promise<void>
}
