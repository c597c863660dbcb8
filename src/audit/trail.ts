import type { KeyObject } from 'node:crypto'
import type { AuditLine, AuditMode, AuditTrail } from '../core/audit.ts'
import { OctroiError } from '../core/errors.ts'
import type { ActivityStore, AuditIndexEntry } from '../core/stores.ts'
import { batchMac, checkpointMac, GENESIS } from './chain.ts'
import { writeLine } from './line.ts'

export interface TrailOptions {
  readonly activity: ActivityStore
  readonly key: KeyObject
  readonly writer: string
  readonly mode: AuditMode
  /** A batch is written at the latest after so long. */
  readonly flushMs?: number
  /** Lines that may wait in memory while the store does not take them. */
  readonly capacity?: number
  /** Told once when writing begins to fail, and once when it works again. */
  readonly onTrouble?: (error: unknown) => void
  readonly onRecovery?: () => void
}

const RETRY_MS = 1_000
/** A batch at most; a longer queue goes in several. */
const BATCH_LINES = 5_000

/**
 * Lines wait in memory and go to the store in batches, each hashed once and chained to the one before. One write at a time:
 * whoever waits for the disk joins the next one (group commit).
 */
export class Trail implements AuditTrail {
  readonly mode: AuditMode
  readonly #options: TrailOptions
  readonly #capacity: number
  #lines: AuditLine[] = []
  #uses = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #failing = false
  #closed = false
  #recorded = 0
  #written = 0

  constructor(options: TrailOptions) {
    this.#options = options
    this.mode = options.mode
    this.#capacity = options.capacity ?? 50_000
  }

  get full(): boolean {
    return this.#lines.length >= this.#capacity
  }

  get failing(): boolean {
    return this.#failing
  }

  record(line: AuditLine): void {
    this.#lines.push(line)
    this.#recorded++
    if (this.#lines.length === BATCH_LINES) this.#writeSoon(0)
    else this.#writeSoon(this.#options.flushMs ?? 500)
  }

  noteUse(keyId: string, at: string): void {
    this.#uses.set(keyId, at)
    this.#writeSoon(this.#options.flushMs ?? 500)
  }

  /** Whoever waits joins the write that takes his line: the queue is in order, so counting is enough. */
  async flushed(): Promise<void> {
    const mine = this.#recorded
    do {
      if (this.#writing !== undefined || this.#pending) await this.#write()
      if (this.#failing)
        throw new OctroiError('store_unavailable', 'The audit trail cannot be written now.', { retryAfter: 2 })
    } while (this.#written < mine)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    do await this.#write()
    while (this.#pending && !this.#failing)
  }

  get #pending(): boolean {
    return this.#lines.length > 0 || this.#uses.size > 0
  }

  #writeSoon(ms: number): void {
    if (this.#closed || this.#writing !== undefined) return
    if (this.#timer !== undefined) {
      if (ms > 0) return
      clearTimeout(this.#timer)
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, ms)
    this.#timer.unref()
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = undefined
      if (this.#pending) this.#writeSoon(this.#failing ? RETRY_MS : (this.#options.flushMs ?? 500))
    })
    return this.#writing
  }

  async #writeBatch(): Promise<void> {
    const lines = this.#lines.length > BATCH_LINES ? this.#lines.slice(0, BATCH_LINES) : this.#lines
    const uses = this.#uses
    this.#lines = this.#lines.length > BATCH_LINES ? this.#lines.slice(BATCH_LINES) : []
    this.#uses = new Map()
    try {
      await this.#append(lines, uses)
      this.#written += lines.length
      if (this.#failing) this.#options.onRecovery?.()
      this.#failing = false
    } catch (error) {
      this.#lines = lines.concat(this.#lines)
      this.#uses = new Map([...uses, ...this.#uses])
      if (!this.#failing) this.#options.onTrouble?.(error)
      this.#failing = true
    }
  }

  /** The end of the chain is read and moved in one step; when another process moved it between, once more. */
  async #append(lines: readonly AuditLine[], uses: ReadonlyMap<string, string>): Promise<void> {
    const { activity, key, writer } = this.#options
    const useRows = [...uses].map(([key_id, at]) => ({ key_id, at }))
    const first = lines[0]
    if (first === undefined) return activity.append(undefined, [], useRows)
    const text = lines.map(writeLine).join('\n')
    const index = indexOf(lines)
    for (let attempt = 1; ; attempt++) {
      const last = (await activity.lastBatch(writer)) ?? (await this.#checkpoint())
      const seq = last.seq + 1
      const batch = {
        writer,
        seq,
        first_at: first.at,
        last_at: (lines.at(-1) as AuditLine).at,
        count: lines.length,
        lines: text,
        mac: batchMac(key, last.mac, writer, seq, text),
      }
      try {
        return await activity.append(batch, index, useRows)
      } catch (error) {
        if (attempt === 10 || !(error instanceof OctroiError) || error.code !== 'conflict') throw error
      }
    }
  }

  async #checkpoint(): Promise<{ seq: number; mac: string }> {
    const found = (await this.#options.activity.checkpoints()).find((entry) => entry.writer === this.#options.writer)
    return found === undefined ? { seq: 0, mac: GENESIS } : { seq: found.seq, mac: found.batch_mac }
  }
}

function indexOf(lines: readonly AuditLine[]): AuditIndexEntry[] {
  const keys = new Set<string>()
  const connections = new Set<string>()
  for (const line of lines) {
    if (line.key !== null) keys.add(line.key)
    if (line.connection !== null) connections.add(line.connection)
  }
  return [
    ...[...keys].map((value) => ({ kind: 'key' as const, value })),
    ...[...connections].map((value) => ({ kind: 'connection' as const, value })),
  ]
}

/** Deletes what ended before `before` (RFC 3339), each chain up to a signed checkpoint. Returns how many batches went. */
export async function pruneAudit(activity: ActivityStore, key: KeyObject, before: string): Promise<number> {
  let pruned = 0
  const checkpoints = new Map((await activity.checkpoints()).map((entry) => [entry.writer, entry]))
  for (const writer of await activity.writers()) {
    let last: { seq: number; mac: string } | undefined
    for (let seq = checkpoints.get(writer)?.seq ?? 0; ; ) {
      const part = await activity.chain(writer, seq, 500)
      const old = part.filter((batch) => batch.last_at < before)
      last = old.at(-1) ?? last
      seq = part.at(-1)?.seq ?? seq
      if (old.length < part.length || part.length === 0) break
    }
    if (last === undefined) continue
    const checkpoint = { writer, seq: last.seq, batch_mac: last.mac, at: new Date().toISOString() }
    pruned += await activity.prune({ ...checkpoint, mac: checkpointMac(key, checkpoint) })
  }
  return pruned
}
