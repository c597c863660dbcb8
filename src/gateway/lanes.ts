import { OctroiError } from '../core/errors.ts'
import type { EffectiveLimits } from '../core/types.ts'

interface Waiting {
  readonly isWrite: boolean
  readonly start: () => void
}

/** How many calls of one connection run at once, how many of them write, and who waits, in order. */
export class Lane {
  #running = 0
  #writing = 0
  readonly #queue: Waiting[] = []

  get waiting(): number {
    return this.#queue.length
  }

  get idle(): boolean {
    return this.#running === 0 && this.#queue.length === 0
  }

  /** Takes a place at once: true. Or waits for one: `start` is called later. Throws `busy` when too many wait already. */
  enter(isWrite: boolean, limits: EffectiveLimits, start: () => void): boolean {
    if (this.#free(isWrite, limits) && !this.#isBlocked(isWrite)) {
      this.#take(isWrite)
      return true
    }
    if (this.#queue.length >= limits.queue) {
      throw new OctroiError('busy', 'Too many calls wait for this connection already.', { retryAfter: 2 })
    }
    this.#queue.push({ isWrite, start })
    return false
  }

  /** Somebody who waited does no longer. */
  forget(start: () => void): void {
    const at = this.#queue.findIndex((waiting) => waiting.start === start)
    if (at !== -1) this.#queue.splice(at, 1)
  }

  leave(isWrite: boolean, limits: EffectiveLimits): void {
    this.#running--
    if (isWrite) this.#writing--
    if (this.#queue.length > 0) this.#admit(limits)
  }

  #free(isWrite: boolean, limits: EffectiveLimits): boolean {
    return this.#running < limits.concurrent && (!isWrite || this.#writing < limits.concurrent_writes)
  }

  /** Nobody overtakes one of his own kind; a read need not wait behind a write. */
  #isBlocked(isWrite: boolean): boolean {
    return this.#queue.some((waiting) => waiting.isWrite === isWrite)
  }

  #take(isWrite: boolean): void {
    this.#running++
    if (isWrite) this.#writing++
  }

  #admit(limits: EffectiveLimits): void {
    for (let i = 0; i < this.#queue.length; ) {
      const waiting = this.#queue[i] as Waiting
      if (this.#free(waiting.isWrite, limits)) {
        this.#queue.splice(i, 1)
        this.#take(waiting.isWrite)
        waiting.start()
      } else i++
      if (this.#running >= limits.concurrent) return
    }
  }
}

/** The lanes of all connections; one that is idle costs nothing. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()

  get(connection: string): Lane {
    let lane = this.#lanes.get(connection)
    if (lane === undefined) {
      lane = new Lane()
      this.#lanes.set(connection, lane)
      if (this.#lanes.size > 10_000) this.#sweep()
    }
    return lane
  }

  #sweep(): void {
    for (const [id, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(id)
  }
}

/** Methods that change nothing by definition (RFC 9110 §9.2.1). */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
