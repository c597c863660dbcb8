import type { KeyObject } from 'node:crypto'
import { OctroiError } from '../core/errors.ts'
import type { DataKey, Store } from '../core/stores.ts'
import type { KeyRing } from './vault.ts'

const BATCH = 500

export interface RotationReport {
  readonly key_id: string
  readonly rewrapped: number
  /** An earlier rotation had been interrupted and was finished instead of starting another. */
  readonly resumed: boolean
}

/**
 * A new key-encryption key wraps every data key; the old ones are deleted once nothing is wrapped by them. Both are in the ring
 * meanwhile, so nothing is unreadable at any instant, killed half-way or beside a running server.
 */
export async function rotateKeyEncryptionKey(
  store: Store,
  ring: KeyRing,
  progress: (done: number) => void = () => undefined,
): Promise<RotationReport> {
  const resumed = await begin(store, ring)
  let rewrapped = 0
  do {
    for (;;) {
      const batch = await store.vault.dataKeysNotUnder(ring.newestKeyId, BATCH)
      if (batch.length === 0) break
      rewrapped += await rewrapBatch(store, ring, batch)
      progress(rewrapped)
    }
  } while (!(await deleteOld(store, ring)))
  return { key_id: ring.newestKeyId, rewrapped, resumed }
}

/** One transaction looks and adds, so that two rotations at once are one: the second finds the first's key and helps to finish. */
function begin(store: Store, ring: KeyRing): Promise<boolean> {
  return store.transaction(async (trx) => {
    await ring.refresh(trx.vault)
    const resumed = (await trx.vault.keyEncryptionKeys()).length > 1
    if (!resumed) await ring.addKeyEncryptionKey(trx.vault)
    return resumed
  })
}

async function rewrapBatch(store: Store, ring: KeyRing, batch: readonly DataKey[]): Promise<number> {
  const pairs = await Promise.all(batch.map(async (from) => ({ from, to: await ring.rewrap(from) })))
  let done = 0
  await store.transaction(async (trx) => {
    for (const { from, to } of pairs) if (await trx.vault.rewrapDataKey(from, to)) done++
  })
  return done
}

/** False when the store still wraps a data key by an old one: somebody made it meanwhile. */
async function deleteOld(store: Store, ring: KeyRing): Promise<boolean> {
  const [newest, ...old] = await store.vault.keyEncryptionKeys()
  if (newest?.id !== ring.newestKeyId) {
    await ring.refresh(store.vault)
    return false
  }
  try {
    for (const { id } of old) await store.vault.deleteKeyEncryptionKey(id)
    return true
  } catch (error) {
    if (error instanceof OctroiError && error.code === 'conflict') return false
    throw error
  }
}

/** The ring under another master key, in one commit: before it the old key opens the store, after it the new one. */
export async function changeMasterKey(store: Store, ring: KeyRing, master: KeyObject): Promise<void> {
  await store.transaction(async (trx) => {
    await ring.refresh(trx.vault)
    for (const { id, wrapped } of ring.rewrapFor(master)) await trx.vault.rewrapKeyEncryptionKey(id, wrapped)
  })
  ring.adoptMaster(master)
}
