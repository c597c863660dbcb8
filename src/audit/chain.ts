import type { KeyObject } from 'node:crypto'
import type { ActivityStore, AuditCheckpoint } from '../core/stores.ts'
import { hmac } from '../core/vault.ts'

/** The mac before a writer's first batch. */
export const GENESIS = ''

/** Each batch vouches for the one before it; without the vault's key none can be made, moved or left out unseen (D21). */
export function batchMac(key: KeyObject, previous: string, writer: string, seq: number, lines: string): string {
  return hmac(key, `${previous}\n${writer}\n${seq}\n`, lines)
}

export function checkpointMac(key: KeyObject, checkpoint: Omit<AuditCheckpoint, 'mac'>): string {
  const { writer, seq, batch_mac, at } = checkpoint
  return hmac(key, `checkpoint\n${writer}\n${seq}\n${batch_mac}\n${at}`)
}

export interface ChainHead {
  readonly writer: string
  readonly seq: number
  readonly mac: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly batches: number
  readonly lines: number
  /** Where each chain ends: kept elsewhere, they show later whether the end was cut off. */
  readonly heads: readonly ChainHead[]
  readonly faults: readonly string[]
}

/** Reads every chain from its checkpoint or beginning; `known` are heads that were exported earlier. */
export async function verifyAudit(
  activity: ActivityStore,
  key: KeyObject,
  known: readonly ChainHead[] = [],
): Promise<VerifyReport> {
  const faults: string[] = []
  const checkpoints = new Map<string, AuditCheckpoint>()
  for (const checkpoint of await activity.checkpoints()) {
    if (checkpointMac(key, checkpoint) === checkpoint.mac) checkpoints.set(checkpoint.writer, checkpoint)
    else faults.push(`${checkpoint.writer}: the checkpoint at ${checkpoint.seq} was altered`)
  }
  const writers = new Set([...(await activity.writers()), ...checkpoints.keys(), ...known.map((head) => head.writer)])
  const report = { batches: 0, lines: 0, heads: [] as ChainHead[] }
  for (const writer of [...writers].sort()) {
    const chain = await verifyChain(activity, key, writer, checkpoints.get(writer), known)
    report.batches += chain.batches
    report.lines += chain.lines
    report.heads.push(chain.head)
    faults.push(...chain.faults)
  }
  return { ok: faults.length === 0, ...report, faults }
}

async function verifyChain(
  activity: ActivityStore,
  key: KeyObject,
  writer: string,
  checkpoint: AuditCheckpoint | undefined,
  known: readonly ChainHead[],
) {
  const faults: string[] = []
  let seq = checkpoint?.seq ?? 0
  let mac = checkpoint?.batch_mac ?? GENESIS
  let batches = 0
  let lines = 0
  const expected = new Map(known.filter((head) => head.writer === writer).map((head) => [head.seq, head.mac]))
  for (;;) {
    const part = await activity.chain(writer, seq, 500)
    for (const batch of part) {
      if (batch.seq !== seq + 1) faults.push(`${writer}: batches ${seq + 1} to ${batch.seq - 1} are missing`)
      const good = batchMac(key, mac, writer, batch.seq, batch.lines)
      if (good !== batch.mac)
        faults.push(`${writer}: batch ${batch.seq} (${batch.first_at}) was altered, or what stood before it`)
      const wanted = expected.get(batch.seq)
      if (wanted !== undefined && wanted !== batch.mac)
        faults.push(`${writer}: batch ${batch.seq} is not the one of the exported head`)
      if (batch.lines.split('\n').length !== batch.count)
        faults.push(`${writer}: batch ${batch.seq} does not hold ${batch.count} lines`)
      expected.delete(batch.seq)
      seq = batch.seq
      mac = batch.mac
      batches++
      lines += batch.count
    }
    if (part.length === 0) break
  }
  for (const missing of expected.keys()) {
    if (missing > seq)
      faults.push(`${writer}: the chain ends at ${seq}, but a head at ${missing} was exported: its end was cut off`)
  }
  return { faults, batches, lines, head: { writer, seq, mac } }
}
