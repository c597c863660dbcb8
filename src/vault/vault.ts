import type { KeyObject } from 'node:crypto'
import { ConfigurationError, OctroiError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { DataKey, KeyEncryptionKey, Store, VaultStore } from '../core/stores.ts'
import type { Connection, SealedSecrets, Secrets } from '../core/types.ts'
import type { SecretSets, Vault } from '../core/vault.ts'
import { deriveKey, keyFrom, newKey, open, SealBroken, seal } from './seal.ts'

/** The data key from which the installation's own keys are derived. It is the canary too: a wrong master key cannot open it. */
const ROOT = 'root'

/** The key ring: data keys seal secrets, key-encryption keys wrap data keys, the master key wraps those. */
export class KeyRing implements Vault {
  readonly #store: VaultStore
  readonly #master: KeyObject
  readonly #keks = new Map<string, KeyObject>()
  #newest = ''
  #root: KeyObject | undefined

  private constructor(store: VaultStore, master: KeyObject) {
    this.#store = store
    this.#master = deriveKey(master, 'key-encryption keys')
  }

  /** Opens the ring; a wrong master key is refused before anything is written. */
  static async open(store: VaultStore, master: KeyObject): Promise<KeyRing> {
    const ring = new KeyRing(store, master)
    await ring.#load()
    const root = await store.dataKey(ROOT)
    if (root === undefined) {
      throw new ConfigurationError(['The store holds no vault: it was not made by "octroi init", or its beginning was lost.'])
    }
    try {
      ring.#root = await ring.#unwrap(root)
    } catch (cause) {
      throw new ConfigurationError(['The canary of the vault does not open: the store was altered.'], cause)
    }
    return ring
  }

  /** The first key-encryption key and the root, for an empty store. */
  static async create(store: Store, master: KeyObject): Promise<KeyRing> {
    const ring = new KeyRing(store.vault, master)
    await ring.addKeyEncryptionKey(store.vault)
    ring.#root = newKey()
    await store.vault.insertDataKey(ring.#wrap(ROOT, ring.#root))
    return ring
  }

  get newestKeyId(): string {
    return this.#newest
  }

  async newDataKey(store: Store): Promise<DataKey> {
    // Another process may have rotated: the ring is read in the same transaction, so the key that wraps cannot vanish before commit.
    await this.#load(store.vault)
    const dataKey = this.#wrap(randomId(16), newKey())
    await store.vault.insertDataKey(dataKey)
    return dataKey
  }

  async sealSecrets(
    dataKey: DataKey,
    connection: Pick<Connection, 'id'>,
    secrets: SecretSets,
    version: number,
  ): Promise<SealedSecrets> {
    const key = await this.#unwrap(dataKey)
    const sealOne = (column: Column, values: Secrets) =>
      seal(key, dataKey.id, Buffer.from(JSON.stringify(values)), contextOf(connection, column, version))
    return {
      current: sealOne('secrets', secrets.current),
      next: secrets.next === null ? null : sealOne('next_secrets', secrets.next),
      version,
    }
  }

  async openSecrets(dataKey: DataKey, connection: Pick<Connection, 'id'>, sealed: SealedSecrets): Promise<SecretSets> {
    const key = await this.#unwrap(dataKey)
    const openOne = (column: Column, text: string): Secrets => {
      try {
        return JSON.parse(open(key, text, contextOf(connection, column, sealed.version)).toString())
      } catch (cause) {
        throw new OctroiError('internal', `The secrets of connection ${connection.id} do not open: the row was altered.`, { cause })
      }
    }
    return {
      current: openOne('secrets', sealed.current),
      next: sealed.next === null ? null : openOne('next_secrets', sealed.next),
    }
  }

  derivedKey(purpose: string): KeyObject {
    if (this.#root === undefined) throw new Error('the vault is not open')
    return deriveKey(this.#root, purpose)
  }

  /** A new key-encryption key, at once the newest. Nothing is wrapped by it yet. */
  async addKeyEncryptionKey(store: VaultStore): Promise<string> {
    const id = `kek-${randomId(12)}`
    const key = newKey()
    const wrapped = seal(this.#master, 'master', key.export(), `vault_keys|${id}`)
    await store.insertKeyEncryptionKey({ id, wrapped, created_at: new Date().toISOString() })
    this.#keks.set(id, key)
    this.#newest = id
    return id
  }

  /** The same data key, wrapped by the newest key-encryption key. */
  async rewrap(dataKey: DataKey): Promise<DataKey> {
    return this.#wrap(dataKey.id, await this.#unwrap(dataKey))
  }

  /** The ring's keys wrapped by another master key. */
  rewrapFor(master: KeyObject): readonly { readonly id: string; readonly wrapped: string }[] {
    const wrapping = deriveKey(master, 'key-encryption keys')
    return [...this.#keks].map(([id, key]) => ({ id, wrapped: seal(wrapping, 'master', key.export(), `vault_keys|${id}`) }))
  }

  #wrap(id: string, key: KeyObject): DataKey {
    const kek = this.#keks.get(this.#newest) as KeyObject
    return { id, kek_id: this.#newest, wrapped: seal(kek, this.#newest, key.export(), `data_keys|${id}`) }
  }

  async #unwrap(dataKey: DataKey): Promise<KeyObject> {
    if (!this.#keks.has(dataKey.kek_id)) await this.#load()
    const kek = this.#keks.get(dataKey.kek_id)
    if (kek === undefined) throw new OctroiError('internal', `The vault has no key ${dataKey.kek_id}.`)
    return keyFrom(open(kek, dataKey.wrapped, `data_keys|${dataKey.id}`))
  }

  async #load(store: VaultStore = this.#store): Promise<void> {
    const rows = await store.keyEncryptionKeys()
    for (const row of rows) {
      if (!this.#keks.has(row.id)) this.#keks.set(row.id, this.#openKeyEncryptionKey(row))
    }
    for (const id of this.#keks.keys()) {
      if (!rows.some((row) => row.id === id)) this.#keks.delete(id)
    }
    this.#newest = rows[0]?.id ?? ''
  }

  #openKeyEncryptionKey(row: KeyEncryptionKey): KeyObject {
    try {
      return keyFromSealed(this.#master, row)
    } catch (cause) {
      if (!(cause instanceof SealBroken)) throw cause
      throw new ConfigurationError(
        ['The master key is not the one that this store was made with. Nothing was changed.'],
        cause,
      )
    }
  }
}

type Column = 'secrets' | 'next_secrets'

function contextOf(connection: Pick<Connection, 'id'>, column: Column, version: number): string {
  return `connections|${connection.id}|${column}|${version}`
}

function keyFromSealed(master: KeyObject, row: KeyEncryptionKey): KeyObject {
  return keyFrom(open(master, row.wrapped, `vault_keys|${row.id}`))
}
