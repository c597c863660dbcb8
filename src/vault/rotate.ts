import type { KeyObject } from 'node:crypto'
import type { Store } from '../core/stores.ts'
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
  const before = await store.vault.keyEncryptionKeys()
  const resumed = before.length > 1
  const keyId = resumed ? ring.newestKeyId : await ring.addKeyEncryptionKey(store.vault)
  let rewrapped = 0
  for (;;) {
    const batch = await store.vault.dataKeysNotUnder(keyId, BATCH)
    if (batch.length === 0) break
    const pairs = await Promise.all(batch.map(async (from) => ({ from, to: await ring.rewrap(from) })))
    await store.transaction(async (trx) => {
      for (const { from, to } of pairs) await trx.vault.rewrapDataKey(from, to)
    })
    rewrapped += batch.length
    progress(rewrapped)
  }
  for (const old of await store.vault.keyEncryptionKeys()) {
    if (old.id !== keyId) await store.vault.deleteKeyEncryptionKey(old.id)
  }
  return { key_id: keyId, rewrapped, resumed }
}

/** The ring under another master key, in one commit: before it the old key opens the store, after it the new one. */
export async function changeMasterKey(store: Store, ring: KeyRing, master: KeyObject): Promise<void> {
  await store.transaction(async (trx) => {
    for (const { id, wrapped } of ring.rewrapFor(master)) await trx.vault.rewrapKeyEncryptionKey(id, wrapped)
  })
}
