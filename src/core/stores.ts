import type {
  ConsentStore,
  LogoutNoticeStore,
  ProviderEntryStore,
  SessionClientStore,
  SubjectStore,
} from './openid_stores.ts'
import type {
  ClientStore,
  EmailStore,
  FactorStore,
  IdentityStore,
  OrganizationStore,
  PeopleReads,
  SessionStore,
  SessionUseStore,
  SignInMethodStore,
  TicketStore,
} from './people_stores.ts'
import type { GroupStore, IssuerStore, ProgramReads, RouteStore, SigningKeyStore } from './program_stores.ts'
import type { KeyDay } from './program_types.ts'
import type { AppStore, ConnectSessionStore, StoredApp, TokenStore } from './token_stores.ts'
import type {
  Account,
  ApiKey,
  Connection,
  ConnectionState,
  EventRow,
  FoundKey,
  KeySecret,
  RateLimit,
  SealedSecrets,
  SealedToken,
} from './types.ts'
import type { DeliveryStore, WebhookStore } from './webhook_stores.ts'

/** What the rest of the program may ask of the store. Only `app.ts` knows what is behind it. */
export interface Store {
  readonly accounts: AccountStore
  readonly keys: KeyStore
  readonly connections: ConnectionStore
  readonly tokens: TokenStore
  readonly apps: AppStore
  readonly connectSessions: ConnectSessionStore
  readonly events: EventStore
  readonly webhooks: WebhookStore
  readonly deliveries: DeliveryStore
  readonly groups: GroupStore
  readonly routes: RouteStore
  readonly issuers: IssuerStore
  readonly signingKeys: SigningKeyStore
  readonly emails: EmailStore
  readonly identities: IdentityStore
  readonly organizations: OrganizationStore
  readonly signInMethods: SignInMethodStore
  readonly sessions: SessionStore
  readonly factors: FactorStore
  readonly clients: ClientStore
  readonly subjects: SubjectStore
  readonly sessionClients: SessionClientStore
  readonly consents: ConsentStore
  readonly logoutNotices: LogoutNoticeStore
  readonly vault: VaultStore
  /** All or nothing. The store that `work` receives is bound to the transaction. */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>
}

export interface Page {
  readonly limit: number
  /** The last id of the page before. */
  readonly after?: string | undefined
}

export interface AccountStore {
  /** Throws `conflict` when the id is taken. */
  insert(account: Account): Promise<void>
  get(id: string): Promise<Account | undefined>
  list(page: Page): Promise<readonly Account[]>
  /** With its groups and certificates; all but the password. */
  update(account: Account): Promise<void>
  /** A PHC string; null takes it away. */
  setPassword(id: string, hash: string | null): Promise<void>
  /** The same password in another hash; false when the one that is stored is no longer `from`. */
  replacePassword(id: string, from: string, to: string): Promise<boolean>
  /**
   * Its revoked keys, its memberships, its sessions with what applications got for them, and all that makes it a person go with it.
   * Throws `conflict` while other live keys belong to it. `now`: the present, if it is not said.
   */
  delete(id: string, now?: string): Promise<boolean>
}

export interface KeyFilter {
  readonly account?: string | undefined
  /** That are in this group, by a list of their own or by their account. */
  readonly group?: string | undefined
  /** Those that applications got for sessions, with which they come and go, or all but those. */
  readonly ofSessions?: boolean | undefined
}

export interface KeyStore {
  insert(key: ApiKey, secret: KeySecret): Promise<void>
  get(id: string): Promise<ApiKey | undefined>
  list(page: Page, filter?: KeyFilter): Promise<readonly ApiKey[]>
  update(key: ApiKey): Promise<void>
  delete(id: string): Promise<boolean>
  /** Adds a secret; those before it end at `previousEndAt` (an RFC 3339 time) at the latest. */
  replaceSecret(secret: KeySecret, previousEndAt: string): Promise<void>
  /** Keys that are live and end between the two times, the soonest first; a thousand at most, those that come behind `after`. */
  expiringBetween(from: string, to: string, after?: Pick<ApiKey, 'id' | 'expires_at'>): Promise<readonly ApiKey[]>
  count(): Promise<number>
}

export interface ConnectionFilter {
  /** That take the application's secrets from this connector's configuration. */
  readonly app?: string | undefined
  readonly connector?: string | undefined
  readonly state?: ConnectionState | undefined
  readonly id?: string | undefined
}

export interface DataKey {
  readonly id: string
  readonly kek_id: string
  readonly wrapped: string
}

/** A connection with what is needed to open its secrets. */
export interface StoredConnection {
  readonly connection: Connection
  readonly sealed: SealedSecrets
  readonly token: SealedToken | null
  readonly dataKey: DataKey
  /** The configuration that it takes the application's secrets from. */
  readonly app: StoredApp | null
}

export interface ConnectionStore {
  insert(connection: Connection, sealed: SealedSecrets, dataKeyId: string): Promise<void>
  get(id: string): Promise<StoredConnection | undefined>
  list(page: Page, filter?: ConnectionFilter): Promise<readonly Connection[]>
  /** Everything but the secrets and the state. */
  update(connection: Connection): Promise<void>
  /** Only when the secrets are still at `fromVersion` (D20). False: somebody else changed them. */
  updateSecrets(id: string, sealed: SealedSecrets, fromVersion: number): Promise<boolean>
  /** Only from another state; false when nothing changed. */
  setState(id: string, state: ConnectionState, reason: string | null, since: string): Promise<boolean>
  delete(id: string): Promise<boolean>
  count(): Promise<number>
}

export interface EventStore {
  /** With its deliveries to the webhooks that want it: all in the transaction that is open, or in one of their own. */
  insert(event: EventRow): Promise<void>
  /** Newest first; `after` is the id of the last event of the page before. */
  list(page: Page, filter?: { type?: string | undefined; subject?: string | undefined }): Promise<readonly EventRow[]>
  /** Whether an event of this type about this subject exists since `at`. */
  existsSince(type: string, subject: string, at: string): Promise<boolean>
}

export interface KeyEncryptionKey {
  readonly id: string
  readonly wrapped: string
  readonly created_at: string
}

export interface VaultStore {
  /** Newest first. */
  keyEncryptionKeys(): Promise<readonly KeyEncryptionKey[]>
  insertKeyEncryptionKey(key: KeyEncryptionKey): Promise<void>
  /** Refused by the store while a data key is wrapped by it. */
  deleteKeyEncryptionKey(id: string): Promise<void>
  rewrapKeyEncryptionKey(id: string, wrapped: string): Promise<void>
  dataKey(id: string): Promise<DataKey | undefined>
  insertDataKey(key: DataKey): Promise<void>
  deleteDataKey(id: string): Promise<void>
  /** Up to `limit` data keys that another key-encryption key than `kekId` wraps. */
  dataKeysNotUnder(kekId: string, limit: number): Promise<readonly DataKey[]>
  /** False when the data key is no longer wrapped as `from` says. */
  rewrapDataKey(from: DataKey, to: DataKey): Promise<boolean>
}

/** The reads of the hot path: point reads, and a version that moves with every committed change of any process. */
export interface HotReads extends ProgramReads, PeopleReads {
  /**
   * The version of what a look-up now would see. Read it before loading; what was loaded is good for as long as it stays (D18).
   * Throws `store_unavailable`, never an old version.
   */
  version(): number | Promise<number>
  findKey(hash: string): Promise<FoundKey | undefined>
  findConnection(id: string): Promise<StoredConnection | undefined>
}

/** One sealed batch of audit lines. `lines` is newline-separated JSON. */
export interface AuditBatch {
  readonly writer: string
  readonly seq: number
  readonly first_at: string
  readonly last_at: string
  readonly count: number
  readonly lines: string
  /** HMAC-SHA-256 over the mac before it and the lines, base64url. */
  readonly mac: string
}

export interface AuditCheckpoint {
  readonly writer: string
  /** The last batch that was pruned. */
  readonly seq: number
  readonly batch_mac: string
  readonly at: string
  readonly mac: string
}

/** Which keys and connections a batch speaks of, so that a filter need not read every batch. */
export interface AuditIndexEntry {
  readonly kind: 'key' | 'connection'
  readonly value: string
}

export interface AuditQuery {
  readonly limit: number
  readonly key?: string | undefined
  readonly connection?: string | undefined
  readonly since?: string | undefined
  /** Batches before this one (its row number), newest first. */
  readonly before?: number | undefined
}

export interface KeyUse {
  readonly key_id: string
  readonly at: string
}

/** A kept answer, or the claim of a call that is still under way. */
export interface ReplayRow {
  /** HMAC of principal, connection, method, target and idempotency key. */
  readonly id: string
  /** HMAC of the body. */
  readonly body_hash: string
  readonly state: 'in_flight' | 'done' | 'too_large'
  readonly answer: string | null
  readonly expires_at: string
  /** Fencing token, another for each claim: who comes back after his claim was taken over touches nothing of the next. */
  readonly fence: string
}

/** What happens often and must not move the version of the rest: audit, last use, kept answers. In SQLite a file of its own. */
export interface ActivityStore extends SessionUseStore {
  readonly tickets: TicketStore
  readonly providerEntries: ProviderEntryStore
  /** Batches, key uses and what is added to the days of keys in one commit. */
  append(
    batch: AuditBatch | undefined,
    index: readonly AuditIndexEntry[],
    uses: readonly KeyUse[],
    days: readonly KeyDay[],
  ): Promise<void>
  lastBatch(writer: string): Promise<Pick<AuditBatch, 'seq' | 'mac'> | undefined>
  batches(query: AuditQuery): Promise<readonly (AuditBatch & { readonly row: number })[]>
  writers(): Promise<readonly string[]>
  /** In order, from `afterSeq` on. */
  chain(writer: string, afterSeq: number, limit: number): Promise<readonly AuditBatch[]>
  checkpoints(): Promise<readonly AuditCheckpoint[]>
  /** Batches of `writer` that end before `before` are deleted up to `seq`, and the checkpoint takes their place. */
  prune(checkpoint: AuditCheckpoint): Promise<number>
  /** Days of one key, oldest first; both ends (`2026-11-22`) included. */
  keyDays(keyId: string, from: string, to: string): Promise<readonly KeyDay[]>
  /** Days before `before` are deleted. */
  pruneKeyDays(before: string): Promise<void>
  /**
   * Takes up to `wanted` places in the window of `key` that is open at `nowMs`, or opens one. Returns how many were given and when that
   * window ends (milliseconds since the epoch). One statement: never more than `limit` in a window, however many processes ask, as
   * long as their clocks differ by less than a window. A clock that is set back finds the places taken, for one window at most.
   */
  takePlaces(
    key: string,
    wanted: number,
    limit: RateLimit,
    nowMs: number,
  ): Promise<{ readonly given: number; readonly endsAt: number }>
  /** Windows that ended before `beforeMs` are forgotten. */
  deleteEndedWindows(beforeMs: number): Promise<void>
  lastUses(keyIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Takes the place of an expired row; returns the row that already holds it otherwise. */
  claimReplay(row: ReplayRow, now: string): Promise<ReplayRow | undefined>
  getReplay(id: string): Promise<ReplayRow | undefined>
  /** Turns the claim with this id and fence into an answer; nothing when it is no longer held. */
  finishReplay(row: Omit<ReplayRow, 'body_hash'>): Promise<void>
  /** Gives the claim with this id and fence up; nothing when it is no longer held. */
  releaseReplay(id: string, fence: string): Promise<void>
  deleteExpiredReplays(now: string): Promise<void>
}
