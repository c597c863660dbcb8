import { join } from 'node:path'
import { PURPOSES } from '../src/core/purposes.ts'
import type { Store } from '../src/core/stores.ts'
import { hashOfKey } from '../src/inbound/admissions.ts'
import { generateKey } from '../src/inbound/key_format.ts'
import { tokenOf } from '../src/outbound/tokens/lifetime.ts'
import { openStore } from '../src/store/open.ts'
import { readMasterKey } from '../src/vault/master_key.ts'
import { KeyRing } from '../src/vault/vault.ts'

/** What the store is to hold in the end, the templates included. */
export interface Filling {
  readonly keys: number
  readonly connections: number
}

/** What is there already and is copied. */
export interface Templates {
  /** A key that works, as its owner has it; `keyId` is its id in the store. */
  readonly key: string
  readonly keyId: string
  /** The id of a connection, and the secrets that each copy gets, sealed for itself. */
  readonly connection: string
  readonly secrets: Readonly<Record<string, string>>
}

/** Rows per commit: a commit waits for the disk, and a transaction keeps what it changes in memory. */
const BATCH = 20_000

/**
 * Fills the data folder of a stopped Octroi through its own store and vault: what is filled is what the management API would
 * have written, less the million commits. The copies differ in id and secret only.
 * @returns every key that works, the template first
 */
export async function fill(dataDir: string, templates: Templates, wanted: Filling): Promise<string[]> {
  const open = await openStore({ dataDir })
  try {
    const ring = await KeyRing.open(open.store.vault, readMasterKey({ file: join(dataDir, 'master.key') }))
    const hashKey = ring.derivedKey(PURPOSES.keyHash)
    const hash = (key: string) => hashOfKey(hashKey, key)
    if (!(await open.hot.findKey(hash(templates.key)))) {
      throw new Error(
        'bench/fill.ts hashes keys in another way than Octroi does: the template is not found by its hash',
      )
    }
    await addConnections(open.store, ring, templates, wanted.connections - 1)
    return [templates.key, ...(await addKeys(open.store, hash, templates.keyId, wanted.keys - 1))]
  } finally {
    await open.close()
  }
}

/** Copies of a connection, each with a token that ends in an hour to ten: what an installation in use looks like. */
export async function fillTokens(dataDir: string, id: string, count: number): Promise<void> {
  const open = await openStore({ dataDir })
  try {
    const ring = await KeyRing.open(open.store.vault, readMasterKey({ file: join(dataDir, 'master.key') }))
    const template = await open.store.connections.get(id)
    if (!template) throw new Error(`there is no connection ${id} to copy`)
    const { current } = await ring.openSecrets(template.dataKey, template.connection, template.sealed)
    const now = Date.now()
    await inBatches(open.store, count, async (trx, i) => {
      const connection = { ...template.connection, id: `${id}-${i}` }
      const dataKey = await ring.newDataKey(trx)
      const sealed = await ring.sealSecrets(dataKey, connection, { current, next: null }, 1)
      await trx.connections.insert(connection, sealed, dataKey.id)
      const ends = now + 3_600_000 * (1 + (9 * i) / count)
      const obtained = { values: { access_token: 't'.repeat(60) }, expiresAt: ends }
      const token = tokenOf(obtained, now, null, 0.5)
      await trx.tokens.put(connection.id, await ring.sealToken(dataKey, connection, token, 1), token.renew_at)
    })
  } finally {
    await open.close()
  }
}

async function addKeys(
  store: Store,
  hash: (key: string) => string,
  templateId: string,
  count: number,
): Promise<string[]> {
  const template = await store.keys.get(templateId)
  if (!template) throw new Error(`there is no key ${templateId} to copy`)
  const made: string[] = []
  await inBatches(store, count, async (trx) => {
    const { id, key } = generateKey()
    const secret = { hash: hash(key), key_id: id, expires_at: null, created_at: template.created_at }
    await trx.keys.insert({ ...template, id }, secret)
    made.push(key)
  })
  return made
}

async function addConnections(store: Store, ring: KeyRing, templates: Templates, count: number): Promise<void> {
  const template = await store.connections.get(templates.connection)
  if (!template) throw new Error(`there is no connection ${templates.connection} to copy`)
  const secrets = { current: templates.secrets, next: null }
  await inBatches(store, count, async (trx, i) => {
    const connection = { ...template.connection, id: `${templates.connection}-${i}` }
    const dataKey = await ring.newDataKey(trx)
    const sealed = await ring.sealSecrets(dataKey, connection, secrets, template.sealed.version)
    await trx.connections.insert(connection, sealed, dataKey.id)
  })
}

async function inBatches(store: Store, count: number, add: (trx: Store, i: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += BATCH) {
    await store.transaction(async (trx) => {
      for (let i = first; i < Math.min(first + BATCH, count); i++) await add(trx, i)
    })
  }
}
