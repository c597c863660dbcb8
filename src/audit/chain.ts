import type { KeyObject } from 'node:crypto'
import type { ActivityStore, AuditBatch, AuditCheckpoint } from '../core/stores.ts'
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

/** Batches read at once: each holds thousands of lines. */
export const PART = 25

interface Link {
  readonly seq: number
  readonly mac: string
}

function beginning(checkpoint: AuditCheckpoint | undefined): Link {
  return { seq: checkpoint?.seq ?? 0, mac: checkpoint?.batch_mac ?? GENESIS }
}

/**
 * Count and times stand beside the lines and are not in their mac: they must say what the lines say. (A time set back would have the
 * batch deleted as an old one.)
 */
export function describedWrongly({ lines, count, first_at, last_at }: AuditBatch): string[] {
  const list = lines.split('\n')
  const faults = list.length === count ? [] : [`does not hold ${count} lines`]
  if (timeOf(list[0]) !== first_at || timeOf(list.at(-1)) !== last_at) faults.push('is not of the times that it says')
  return faults
}

function timeOf(line: string | undefined): string | undefined {
  return /^\{"at":"([^"]*)"/.exec(line ?? '')?.[1]
}

/** The last `count` batches of every chain: quick, whatever the age of the trail. The one before them is taken at its word. */
export async function verifyAuditTail(
  activity: ActivityStore,
  key: KeyObject,
  count: number,
): Promise<Pick<VerifyReport, 'faults' | 'batches'>> {
  const faults: string[] = []
  let batches = 0
  const checkpoints = new Map((await activity.checkpoints()).map((entry) => [entry.writer, entry]))
  for (const writer of await activity.writers()) {
    const last = await activity.lastBatch(writer)
    const start = beginning(checkpoints.get(writer))
    const [before] = await activity.chain(writer, Math.max(0, (last?.seq ?? 0) - count - 1), 1)
    const from = before !== undefined && before.seq > start.seq && (last?.seq ?? 0) - count > start.seq ? before : start
    const chain = await verifyChain(activity, key, writer, from, [])
    faults.push(...chain.faults)
    batches += chain.batches
  }
  return { faults, batches }
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
    const chain = await verifyChain(activity, key, writer, beginning(checkpoints.get(writer)), known)
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
  from: Link,
  known: readonly ChainHead[],
) {
  const faults: string[] = []
  let { seq, mac } = from
  let batches = 0
  let lines = 0
  const expected = new Map(known.filter((head) => head.writer === writer).map((head) => [head.seq, head.mac]))
  for (;;) {
    const part = await activity.chain(writer, seq, PART)
    for (const batch of part) {
      if (batch.seq !== seq + 1) faults.push(`${writer}: batches ${seq + 1} to ${batch.seq - 1} are missing`)
      const good = batchMac(key, mac, writer, batch.seq, batch.lines)
      if (good !== batch.mac)
        faults.push(`${writer}: batch ${batch.seq} (${batch.first_at}) was altered, or what stood before it`)
      const wanted = expected.get(batch.seq)
      if (wanted !== undefined && wanted !== batch.mac)
        faults.push(`${writer}: batch ${batch.seq} is not the one of the exported head`)
      faults.push(...describedWrongly(batch).map((fault) => `${writer}: batch ${batch.seq} ${fault}`))
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
