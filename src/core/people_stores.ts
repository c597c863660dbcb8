import type {
  AuthenticationMethod,
  Client,
  EmailAddress,
  FoundSession,
  Identity,
  Membership,
  Organization,
  Passkey,
  Session,
  StoredSignInMethod,
  Ticket,
  TicketPurpose,
  TotpFactor,
} from './people_types.ts'
import type { Page } from './stores.ts'
import type { Account } from './types.ts'

/** What the rest of the program may ask of the store about people. All in the main database, but tickets and uses. */

export interface EmailStore {
  of(account: string): Promise<readonly EmailAddress[]>
  /** Adds, or changes the spelling and `verified_at` of the account's own; nobody's address is in what it throws. Throws `conflict` when another account has verified it. */
  put(email: EmailAddress): Promise<void>
  delete(account: string, canonical: string): Promise<boolean>
  /** The one account that has verified it. */
  findVerified(canonical: string): Promise<Account | undefined>
  /** Everybody who has it as his own or as the address that an administrator gave (`accounts.email`), these first; two at most. */
  holders(canonical: string): Promise<readonly Account[]>
}

export interface IdentityStore {
  /** Throws `conflict` when somebody has (issuer, subject). */
  insert(identity: Identity): Promise<void>
  find(issuer: string, subject: string): Promise<Identity | undefined>
  get(id: string): Promise<Identity | undefined>
  of(account: string): Promise<readonly Identity[]>
  /** Its label and last use. */
  used(id: string, label: string, at: string): Promise<void>
  delete(id: string): Promise<boolean>
}

export interface OrganizationStore {
  /** Throws `conflict` when the id or the SIRET is taken. */
  insert(organization: Organization): Promise<void>
  get(id: string): Promise<Organization | undefined>
  list(page: Page): Promise<readonly Organization[]>
  update(organization: Organization): Promise<void>
  /** Its memberships go with it; sessions that act for it end. */
  delete(id: string, now: string): Promise<boolean>
  findBySirets(sirets: readonly string[]): Promise<readonly Organization[]>
  membershipsOf(account: string): Promise<readonly Membership[]>
  /** In order of account: of `limit` accounts behind `after`, all that was said of each. */
  members(organization: string, page: Page): Promise<readonly Membership[]>
  /**
   * What this source says now, whole: what it no longer says is deleted, and the sessions that act for it end, unless another source
   * still says so.
   */
  setMemberships(account: string, source: string, organizations: readonly string[], now: string): Promise<void>
}

export interface SignInMethodStore {
  insert(stored: StoredSignInMethod): Promise<void>
  get(id: string): Promise<StoredSignInMethod | undefined>
  /** In order of position, then id. */
  all(): Promise<readonly StoredSignInMethod[]>
  update(stored: StoredSignInMethod): Promise<void>
  /** Its identities stay, and lead to nobody until a method of that issuer is back. */
  delete(id: string): Promise<boolean>
}

export interface SessionFilter {
  readonly account?: string | undefined
  /** Of this host; null: of our own. */
  readonly host?: string | null | undefined
}

export interface SessionStore {
  insert(session: Session, tokenHash: string): Promise<void>
  get(id: string): Promise<Session | undefined>
  /** The one at our own host that lives now. */
  findByLineage(lineage: string): Promise<Session | undefined>
  list(page: Page, filter?: SessionFilter): Promise<readonly Session[]>
  /** The token that it had before ends at once, what hangs on the session stays. `amr`: what has been proved by now. False: there was none. */
  replaceToken(id: string, tokenHash: string, amr?: readonly AuthenticationMethod[]): Promise<boolean>
  /**
   * With the sessions of hosts below it; their keys are revoked, and their applications are told (`LogoutNotice`). False: there was none.
   * Their tickets are in the other database: whoever takes one looks whether its session is still there.
   */
  end(id: string, now: string): Promise<boolean>
  /** All of an account, but one (and what is below that). How many. */
  endAll(account: string, now: string, except?: string): Promise<number>
  /** Of everybody. How many. */
  endEvery(now: string): Promise<number>
  /** Those past their last moment; and keys of sessions that ended, a month after they were revoked. */
  deleteExpired(now: string): Promise<void>
  /** The key that an application got for this session: the one before it is revoked. */
  giveKey(session: string, client: string, keyId: string, now: string): Promise<void>
  /** Revokes the key that this session has at this application. */
  revokeKey(session: string, client: string, now: string): Promise<void>
}

export interface FactorStore {
  insertTotp(factor: TotpFactor): Promise<void>
  totps(account: string): Promise<readonly TotpFactor[]>
  confirmTotp(id: string, step: number, at: string): Promise<boolean>
  /** Only when `step` is beyond the last one: two with the same code, one is true (T42). */
  useTotp(id: string, step: number): Promise<boolean>
  deleteTotp(id: string): Promise<boolean>
  insertPasskey(passkey: Passkey): Promise<void>
  passkeys(account: string): Promise<readonly Passkey[]>
  passkey(id: string): Promise<Passkey | undefined>
  /** Only when the counter moved on, or both are 0 (WebAuthn §6.1.1). */
  usePasskey(id: string, counter: number, backedUp: boolean, at: string): Promise<boolean>
  renamePasskey(id: string, name: string): Promise<boolean>
  deletePasskey(id: string): Promise<boolean>
  /** Replaces all that the account has. */
  setRecoveryCodes(account: string, hashes: readonly string[], now: string): Promise<void>
  /** How many are left. */
  recoveryCodes(account: string): Promise<number>
  /** Once. */
  useRecoveryCode(account: string, hash: string, now: string): Promise<boolean>
}

export interface ClientStore {
  /** What it got for people is revoked. */
  endTokens(id: string, now: string): Promise<void>
  /** `null`: it keeps no secret. */
  insert(client: Client, secretHash: string | null): Promise<void>
  get(id: string): Promise<Client | undefined>
  list(page: Page): Promise<readonly Client[]>
  update(client: Client): Promise<void>
  /** Adds a secret; those before it end at `previousEndAt` at the latest. */
  replaceSecret(id: string, secretHash: string, previousEndAt: string): Promise<void>
  /** Its keys are revoked with it. */
  delete(id: string, now: string): Promise<boolean>
  /** By the hash of its secret, live at `now`. */
  findBySecret(id: string, secretHash: string, now: string): Promise<Client | undefined>
}

/** In the activity database: none of it moves the version of the rest. */
export interface TicketStore {
  /** Takes the place of one of this id and purpose. */
  put(ticket: Ticket): Promise<void>
  peek(id: string, purpose: TicketPurpose, now: string): Promise<Ticket | undefined>
  /** Gone with the answer: of two who ask at once, one gets it. */
  take(id: string, purpose: TicketPurpose, now: string): Promise<Ticket | undefined>
  deleteOfAccount(account: string, purpose?: TicketPurpose): Promise<void>
  deleteOfSession(session: string): Promise<void>
  deleteExpired(now: string): Promise<void>
}

export interface SessionUse {
  readonly session: string
  readonly at: string
}

export interface SessionUseStore {
  /** Later ones win. */
  noteSessionUses(uses: readonly SessionUse[]): Promise<void>
  sessionUses(sessions: readonly string[]): Promise<ReadonlyMap<string, string>>
  deleteSessionUses(before: string): Promise<void>
}

/** Further reads of the hot path, each validated by `HotReads.version()`. */
export interface PeopleReads {
  /** By the hash of its token. */
  findSession(hash: string): Promise<FoundSession | undefined>
  /** Enabled or not. */
  signInMethods(): Promise<readonly StoredSignInMethod[]>
}
