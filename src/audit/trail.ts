import type { KeyObject } from 'node:crypto'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { AuditLine, AuditMode, AuditTrail } from '../core/audit.ts'
import { OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { ActivityStore } from '../core/stores.ts'
import { Batch } from './batch.ts'
import { batchMac, GENESIS } from './chain.ts'
import { DayCounts } from './day_counts.ts'
import { isRefusal } from './refusals.ts'

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
  /** Told at the end when lines are left that the store did not take. */
  readonly onLoss?: (lines: number) => void
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
  readonly #queue: Batch[] = []
  #waiting = 0
  #uses = new Map<string, string>()
  #days = new DayCounts()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #failing = false
  #closed = false
  #recorded = 0
  #written = 0
  /** Refusals that were not recorded because the queue was full. */
  #omitted = 0

  constructor(options: TrailOptions) {
    this.#options = options
    this.mode = options.mode
    this.#capacity = options.capacity ?? 50_000
  }

  get full(): boolean {
    return this.#waiting >= this.#capacity
  }

  get failing(): boolean {
    return this.#failing
  }

  record(line: AuditLine): void {
    this.#days.count(line)
    if (this.full && isRefusal(line)) {
      this.#omitted++
      return
    }
    const batch = this.#openBatch()
    batch.add(line)
    this.#recorded++
    this.#waiting++
    if (batch.count === BATCH_LINES) this.#writeSoon(0)
    else this.#writeSoon(this.#options.flushMs ?? 500)
  }

  noteUse(keyId: string, at: string): void {
    this.#uses.set(keyId, at)
    this.#writeSoon(this.#options.flushMs ?? 500)
  }

  /** Whoever waits joins the write that takes his line: the queue is in order, so counting is enough. */
  async flushed(): Promise<void> {
    // What was recorded last may be among what was left out.
    if (this.full) throw unwritable()
    const mine = this.#recorded
    do {
      if (this.#writing !== undefined || this.#pending) await this.#write()
      if (this.#failing) throw unwritable()
    } while (this.#written < mine)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    do await this.#write()
    while (this.#pending && !this.#failing)
    if (this.#waiting > 0) this.#options.onLoss?.(this.#waiting)
  }

  get #pending(): boolean {
    return this.#waiting > 0 || this.#uses.size > 0 || !this.#days.empty
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
    // A turn later: what else arrived in this one goes to the disk with it.
    this.#writing ??= endOfTurn()
      .then(() => this.#writeBatch())
      .finally(() => {
        this.#writing = undefined
        if (this.#pending) this.#writeSoon(this.#nextWriteMs())
      })
    return this.#writing
  }

  /** What piled up while the store did not take it goes out as fast as it can. */
  #nextWriteMs(): number {
    if (this.#failing) return RETRY_MS
    return this.#queue.length > 1 ? 0 : (this.#options.flushMs ?? 500)
  }

  #sayOmitted(): void {
    if (this.#omitted === 0 || this.full) return
    const target = `lines:${this.#omitted}`
    this.#omitted = 0
    this.record({ ...NOBODY, at: new Date().toISOString(), request: requestId(), target })
  }

  #openBatch(): Batch {
    const last = this.#queue.at(-1)
    if (last !== undefined && !last.sealed && last.count < BATCH_LINES) return last
    const batch = new Batch()
    this.#queue.push(batch)
    return batch
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#queue[0]
    if (batch !== undefined) batch.sealed = true
    const uses = this.#uses
    const days = this.#days
    this.#uses = new Map()
    this.#days = new DayCounts()
    try {
      await this.#append(batch, uses, days)
      if (batch !== undefined) {
        this.#queue.shift()
        this.#written += batch.count
        this.#waiting -= batch.count
      }
      if (this.#failing) this.#options.onRecovery?.()
      this.#failing = false
      this.#sayOmitted()
    } catch (error) {
      this.#uses = new Map([...uses, ...this.#uses])
      this.#days.add(days)
      if (!this.#failing) this.#options.onTrouble?.(error)
      this.#failing = true
    }
  }

  /** The end of the chain is read and moved in one step; when another process moved it between, once more. */
  async #append(batch: Batch | undefined, uses: ReadonlyMap<string, string>, days: DayCounts): Promise<void> {
    const { activity, key, writer } = this.#options
    const useRows = [...uses].map(([key_id, at]) => ({ key_id, at }))
    const dayRows = days.rows()
    if (batch === undefined) return activity.append(undefined, [], useRows, dayRows)
    const { text, index, count, firstAt, lastAt } = batch
    for (let attempt = 1; ; attempt++) {
      const last = (await activity.lastBatch(writer)) ?? (await this.#checkpoint())
      const seq = last.seq + 1
      const mac = batchMac(key, last.mac, writer, seq, text)
      try {
        const row = { writer, seq, first_at: firstAt, last_at: lastAt, count, lines: text, mac }
        return await activity.append(row, index, useRows, dayRows)
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

function unwritable(): OctroiError {
  return new OctroiError('store_unavailable', 'The audit trail cannot be written now.', { retryAfter: 2 })
}

const NOBODY: Omit<AuditLine, 'at' | 'request' | 'target'> = {
  action: 'audit.omitted',
  phase: 'finished',
  account: null,
  key: null,
  connection: null,
  method: null,
  path: null,
  status: 503,
  code: 'store_unavailable',
  bytes_in: 0,
  bytes_out: 0,
  ms: 0,
  correlation: null,
  address: null,
}
