import { hash, type KeyObject } from 'node:crypto'
import { ConfigurationError, OctroiError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { DataKey, KeyEncryptionKey, Store, VaultStore } from '../core/stores.ts'
import type { SealedSecrets, Secrets, Token } from '../core/types.ts'
import type { SealedPlace, SecretSets, ValueSealer, Vault } from '../core/vault.ts'
import { deriveKey, keyFrom, newKey, open, SealBroken, seal } from './seal.ts'

/** The data key from which the installation's own keys are derived. It is the canary too: a wrong master key cannot open it. */
const ROOT = 'root'

/** The key ring: data keys seal secrets, key-encryption keys wrap data keys, the master key wraps those. */
export class KeyRing implements Vault {
  readonly #store: VaultStore
  #master: KeyObject
  readonly #keks = new Map<string, KeyObject>()
  #newest = ''
  #root: KeyObject | undefined

  private constructor(store: VaultStore, master: KeyObject) {
    this.#store = store
    this.#master = wrappingKey(master)
  }

  /** Opens the ring; a wrong master key is refused before anything is written. */
  static async open(store: VaultStore, master: KeyObject): Promise<KeyRing> {
    const ring = new KeyRing(store, master)
    await ring.#load()
    const root = await store.dataKey(ROOT)
    if (root === undefined) {
      throw new ConfigurationError([
        'The store holds no vault: it was not made by "octroi init", or its beginning was lost.',
      ])
    }
    try {
      ring.#root = await ring.#unwrap(root)
    } catch (cause) {
      if (cause instanceof OctroiError && cause.code !== 'internal') throw cause
      throw new ConfigurationError(['The canary of the vault does not open: the store was altered.'], cause)
    }
    return ring
  }

  /** The first key-encryption key and the root, for an empty store, in one commit. `conflict` where there is a vault already. */
  static async create(store: Store, master: KeyObject): Promise<KeyRing> {
    const ring = new KeyRing(store.vault, master)
    const root = newKey()
    await store.transaction(async (trx) => {
      await ring.addKeyEncryptionKey(trx.vault)
      await trx.vault.insertDataKey(ring.#wrap(ROOT, root))
    })
    ring.#root = root
    return ring
  }

  get newestKeyId(): string {
    return this.#newest
  }

  /** Reads the ring again: another process may have rotated, or be rotating. */
  async refresh(store: VaultStore): Promise<void> {
    await this.#load(store)
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
    connection: SealedPlace,
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

  async openSecrets(dataKey: DataKey, connection: SealedPlace, sealed: SealedSecrets): Promise<SecretSets> {
    const key = await this.#unwrap(dataKey)
    const openOne = (column: Column, text: string) => openJson<Secrets>(key, text, connection, column, sealed.version)
    return {
      current: openOne('secrets', sealed.current),
      next: sealed.next === null ? null : openOne('next_secrets', sealed.next),
    }
  }

  async sealToken(dataKey: DataKey, connection: SealedPlace, token: Token, secretsVersion: number): Promise<string> {
    const context = contextOf(connection, 'token', secretsVersion)
    return seal(await this.#unwrap(dataKey), dataKey.id, Buffer.from(JSON.stringify(token)), context)
  }

  async openToken(dataKey: DataKey, connection: SealedPlace, sealed: string, secretsVersion: number): Promise<Token> {
    return openJson<Token>(await this.#unwrap(dataKey), sealed, connection, 'token', secretsVersion)
  }

  derivedKey(purpose: string): KeyObject {
    if (this.#root === undefined) throw new Error('the vault is not open')
    return deriveKey(this.#root, purpose)
  }

  sealer(purpose: string): ValueSealer {
    const key = this.derivedKey(`sealing ${purpose}`)
    return {
      seal: (plain, place) => seal(key, purpose, plain, `${purpose}|${place}`),
      open: (sealed, place) => open(key, sealed, `${purpose}|${place}`),
    }
  }

  /** A new key-encryption key, at once the newest. Nothing is wrapped by it yet. */
  async addKeyEncryptionKey(store: VaultStore): Promise<string> {
    const created_at = laterThan((await store.keyEncryptionKeys())[0]?.created_at)
    const id = `kek-${randomId(12)}`
    const key = newKey()
    const wrapped = seal(this.#master, 'master', key.export(), `vault_keys|${id}`)
    await store.insertKeyEncryptionKey({ id, wrapped, created_at })
    this.#keks.set(id, key)
    this.#newest = id
    return id
  }

  /** The same data key, wrapped by the newest key-encryption key. */
  async rewrap(dataKey: DataKey): Promise<DataKey> {
    return this.#wrap(dataKey.id, await this.#unwrap(dataKey))
  }

  /** From now on keys are wrapped by this master key: the store's commit said so. */
  adoptMaster(master: KeyObject): void {
    this.#master = wrappingKey(master)
  }

  /** The ring's keys wrapped by another master key. */
  rewrapFor(master: KeyObject): readonly { readonly id: string; readonly wrapped: string }[] {
    const wrapping = wrappingKey(master)
    return [...this.#keks].map(([id, key]) => ({
      id,
      wrapped: seal(wrapping, 'master', key.export(), `vault_keys|${id}`),
    }))
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
    // A key that is gone from the store stays in the ring: a row that was read before its rotation may still have to be opened.
    for (const row of rows) {
      if (!this.#keks.has(row.id)) this.#keks.set(row.id, this.#openKeyEncryptionKey(row))
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

/** A time after the newest key's, even when the clock was set back: the order of the times is the order of the keys. */
function laterThan(newest: string | undefined): string {
  return new Date(Math.max(Date.now(), newest === undefined ? 0 : Date.parse(newest) + 1)).toISOString()
}

function wrappingKey(master: KeyObject): KeyObject {
  return deriveKey(master, 'key-encryption keys')
}

type Column = 'secrets' | 'next_secrets' | 'token'

function openJson<T>(key: KeyObject, text: string, place: SealedPlace, column: Column, version: number): T {
  try {
    return JSON.parse(open(key, text, contextOf(place, column, version)).toString())
  } catch (cause) {
    throw new OctroiError('internal', `The secrets of connection ${place.id} do not open: the row was altered.`, {
      cause,
    })
  }
}

/**
 * Where the secrets go is part of what seals them: whoever can write to the database but has no key cannot point a connection
 * elsewhere and have its secret delivered there.
 */
function contextOf(place: SealedPlace, column: Column, version: number): string {
  const { id, connector, scheme, settings, network } = place
  return `connections|${id}|${column}|${version}|${hash('sha256', JSON.stringify([connector, scheme, settings, network]), 'base64')}`
}

function keyFromSealed(master: KeyObject, row: KeyEncryptionKey): KeyObject {
  return keyFrom(open(master, row.wrapped, `vault_keys|${row.id}`))
}
