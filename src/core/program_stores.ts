import type { FoundAccount, Group, Issuer, Route, SigningKeyRow } from './program_types.ts'
import type { Page } from './stores.ts'
import type { FoundKey } from './types.ts'

/** What the rest of the program may ask of the store about who calls in. */

export interface GroupStore {
  /** Throws `conflict` when the id is taken. */
  insert(group: Group): Promise<void>
  get(id: string): Promise<Group | undefined>
  list(page: Page): Promise<readonly Group[]>
  update(group: Group): Promise<void>
  /** Throws `conflict` while keys, accounts or routes are in it or name it. */
  delete(id: string): Promise<boolean>
  /** Which of these exist. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>
}

export interface RouteStore {
  insert(route: Route): Promise<void>
  get(id: string): Promise<Route | undefined>
  list(page: Page): Promise<readonly Route[]>
  all(): Promise<readonly Route[]>
  update(route: Route): Promise<void>
  delete(id: string): Promise<boolean>
}

export interface IssuerStore {
  insert(issuer: Issuer): Promise<void>
  get(id: string): Promise<Issuer | undefined>
  list(page: Page): Promise<readonly Issuer[]>
  update(issuer: Issuer): Promise<void>
  delete(id: string): Promise<boolean>
}

export interface SigningKeyStore {
  list(): Promise<readonly SigningKeyRow[]>
  /** Throws `conflict` when another process made one of the same state first (one `current`, one `next`). */
  insert(key: SigningKeyRow): Promise<void>
  setState(id: string, state: SigningKeyRow['state'], since: string): Promise<void>
  delete(id: string): Promise<void>
}

/** Further reads of the hot path, each validated by `HotReads.version()`. */
export interface ProgramReads {
  findAccount(id: string): Promise<FoundAccount | undefined>
  /** By the subject of its client certificate, in canonical form. */
  findCertificate(subject: string): Promise<FoundAccount | undefined>
  /** The stored key whose secret the environment provides. */
  findTechName(techName: string): Promise<FoundKey | undefined>
  routes(): Promise<readonly Route[]>
  issuers(): Promise<readonly Issuer[]>
}
