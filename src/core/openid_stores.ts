import type { Consent, LogoutNotice, ProviderEntry, SessionClient } from './openid_types.ts'
import type { Account } from './types.ts'

/** What the provider may ask of the store. Entries are in the activity database, the rest in the main one. */

export interface SubjectStore {
  /**
   * The `sub` of an account, made when it is first asked for: its id, or, where that was somebody's before who is gone, the id with something
   * behind it. A subject is never another person's later (OpenID Connect Core 1.0 §2), nor an application's id, which is the `sub` of its own
   * tokens (RFC 9068 §5).
   */
  of(account: string): Promise<string>
  /** Somebody's, or somebody's who is gone. */
  isTaken(subject: string): Promise<boolean>
  /** `undefined`: nobody's, or the account is gone. */
  find(subject: string): Promise<Account | undefined>
}

export interface SessionClientStore {
  /** In order of client; two of one where its first two requests came at once, each with its sid. */
  of(session: string): Promise<readonly SessionClient[]>
  /** Adds, or changes the grant of this sid. Nothing where the session has ended meanwhile: false. */
  put(entry: SessionClient): Promise<boolean>
  /** To the session that goes on for the other, each with its sid: nobody is told. */
  move(from: string, to: string): Promise<void>
  /** Of all sessions of an account at one client, with the notices for it. */
  end(account: string, client: string, now: string): Promise<void>
  /** Clients of the account's live sessions, each once, with the moment of the first. `now`: the present, if it is not said. */
  clientsOf(account: string, now?: string): Promise<readonly { readonly client: string; readonly since: string }[]>
}

export interface ConsentStore {
  get(account: string, client: string): Promise<Consent | undefined>
  /** Adds, or takes the place of the one before. */
  put(consent: Consent): Promise<void>
  /** In order of client. */
  of(account: string): Promise<readonly Consent[]>
  delete(account: string, client: string): Promise<boolean>
}

export interface LogoutNoticeStore {
  /** Up to `limit` that are due at `now`, the oldest first; each is moved to `until`, so that no other process has it before. */
  claim(now: string, until: string, limit: number): Promise<readonly LogoutNotice[]>
  /** After a try that failed. */
  postpone(id: string, attempts: number, nextAt: string): Promise<void>
  /** Told, or given up. */
  delete(id: string): Promise<void>
  /** When the next one is due. */
  nextDue(): Promise<string | undefined>
  /** Those that nobody is going to try any more. */
  deleteCreatedBefore(before: string): Promise<void>
}

/** None of it moves the version of the store. Expired entries are found: the library says itself what has expired. */
export interface ProviderEntryStore {
  /** Adds, or takes the place of the one before (but `consumed_at` and `created_at` stay). */
  put(entry: ProviderEntry): Promise<void>
  /** Only where there is none: of two at once, one is true. */
  add(entry: ProviderEntry): Promise<boolean>
  get(model: string, id: string): Promise<ProviderEntry | undefined>
  findByUserCode(model: string, userCode: string): Promise<ProviderEntry | undefined>
  /** True once: of two who ask at once, one (T19). */
  consume(model: string, id: string, at: string): Promise<boolean>
  delete(model: string, id: string): Promise<void>
  /** Of one model, or all: the grant itself too. */
  deleteOfGrant(grant: string, model?: string): Promise<void>
  /** At one client, or at all. */
  deleteOfAccount(account: string, client?: string): Promise<void>
  deleteOfClient(client: string): Promise<void>
  /** Clients at which the account has a live entry of this model, each once, with the moment of the first. */
  clientsOf(
    model: string,
    account: string,
    now: string,
  ): Promise<readonly { readonly client: string; readonly since: string }[]>
  /** In portions. */
  deleteExpired(before: string): Promise<void>
}
