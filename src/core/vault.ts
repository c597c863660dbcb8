import { createHmac, type KeyObject } from 'node:crypto'
import type { DataKey, Store } from './stores.ts'
import type { Connection, SealedSecrets, Secrets, Token } from './types.ts'

/** What the rest of the program may ask of the vault. */
export interface Vault {
  /** A data key for a new row, wrapped and stored in the transaction given. */
  newDataKey(store: Store): Promise<DataKey>
  sealSecrets(dataKey: DataKey, connection: SealedPlace, secrets: SecretSets, version: number): Promise<SealedSecrets>
  openSecrets(dataKey: DataKey, connection: SealedPlace, sealed: SealedSecrets): Promise<SecretSets>
  /** Bound to the version of the secrets that it was made with: with other secrets it does not open. */
  sealToken(dataKey: DataKey, connection: SealedPlace, token: Token, secretsVersion: number): Promise<string>
  openToken(dataKey: DataKey, connection: SealedPlace, sealed: string, secretsVersion: number): Promise<Token>
  /** A key of the installation for one purpose; the same on every start, lost with the master key. */
  derivedKey(purpose: string): KeyObject
  /** Seals values for one purpose outside the main tables. */
  sealer(purpose: string): ValueSealer
}

/** `place` is authenticated: a value moved to another place does not open. */
export interface ValueSealer {
  seal(plain: Uint8Array, place: string): string
  open(sealed: string, place: string): Buffer
}

/** What a connection's secrets are bound to: its id, and where they are sent. */
export type SealedPlace = Pick<Connection, 'id' | 'connector' | 'scheme' | 'settings' | 'network'>

/** The secrets of a connection, and those that it changes over to. */
export interface SecretSets {
  readonly current: Secrets
  readonly next: Secrets | null
}

/** HMAC-SHA-256, base64url: how the installation recognises what it must not store (keys, idempotency keys, bodies). */
export function hmac(key: KeyObject, ...parts: readonly (string | Uint8Array)[]): string {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest('base64url')
}
