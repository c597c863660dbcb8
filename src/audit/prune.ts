import type { KeyObject } from 'node:crypto'
import type { ActivityStore, AuditBatch } from '../core/stores.ts'
import { batchMac, checkpointMac, describedWrongly, GENESIS, PART } from './chain.ts'

/**
 * Deletes what ended before `before` (RFC 3339), each chain up to a signed checkpoint. Returns how many batches went. Only what
 * verifies is deleted: the checkpoint says that all before it was in order, and must not be had by altering a time.
 */
export async function pruneAudit(activity: ActivityStore, key: KeyObject, before: string): Promise<number> {
  let pruned = 0
  const checkpoints = new Map((await activity.checkpoints()).map((entry) => [entry.writer, entry]))
  for (const writer of await activity.writers()) {
    const checkpoint = checkpoints.get(writer)
    let last = { seq: checkpoint?.seq ?? 0, mac: checkpoint?.batch_mac ?? GENESIS }
    if (checkpoint !== undefined && checkpointMac(key, checkpoint) !== checkpoint.mac) continue
    for (;;) {
      const part = await activity.chain(writer, last.seq, PART)
      const old = goodAndOld(part, last, key, before)
      const end = old.at(-1)
      if (end === undefined) break
      last = end
      // A part at a time: one deletion of years would hold the store for seconds.
      const place = { writer, seq: end.seq, batch_mac: end.mac, at: new Date().toISOString() }
      pruned += await activity.prune({ ...place, mac: checkpointMac(key, place) })
      if (old.length < part.length) break
    }
  }
  return pruned
}

/** From the beginning on, as far as every batch is whole, follows the one before it, and is old. */
function goodAndOld(
  part: readonly AuditBatch[],
  from: { readonly seq: number; readonly mac: string },
  key: KeyObject,
  before: string,
): readonly AuditBatch[] {
  let { seq, mac } = from
  const end = part.findIndex((batch) => {
    const good =
      batch.seq === seq + 1 &&
      batch.mac === batchMac(key, mac, batch.writer, batch.seq, batch.lines) &&
      describedWrongly(batch).length === 0
    seq = batch.seq
    mac = batch.mac
    return !good || batch.last_at >= before
  })
  return end === -1 ? part : part.slice(0, end)
}
