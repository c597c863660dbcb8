import type { AuditLine } from '../core/audit.ts'
import type { KeyDay } from '../core/program_types.ts'
import { wasRefused } from './refusals.ts'

interface Count {
  calls: number
  refused: number
}

/** What each key did on each day (UTC), until the store has it. A call that is counted makes no new object. */
export class DayCounts {
  readonly #days = new Map<string, Map<string, Count>>()
  #day = 'none yet'
  #counts = new Map<string, Count>()

  get empty(): boolean {
    return this.#days.size === 0
  }

  count(line: AuditLine): void {
    if (line.key === null || line.phase !== 'finished') return
    if (!line.at.startsWith(this.#day)) this.#turnTo(line.at.slice(0, 10))
    const count = this.#of(line.key)
    count.calls++
    if (wasRefused(line)) count.refused++
  }

  /** What another counted, added to this. */
  add(other: DayCounts): void {
    for (const { key_id, day, calls, refused } of other.rows()) {
      this.#turnTo(day)
      const count = this.#of(key_id)
      count.calls += calls
      count.refused += refused
    }
  }

  rows(): readonly KeyDay[] {
    return [...this.#days].flatMap(([day, counts]) =>
      Array.from(counts, ([key_id, count]) => ({ key_id, day, ...count })),
    )
  }

  #turnTo(day: string): void {
    this.#day = day
    this.#counts = this.#days.get(day) ?? new Map()
    this.#days.set(day, this.#counts)
  }

  #of(keyId: string): Count {
    const known = this.#counts.get(keyId)
    if (known !== undefined) return known
    const count = { calls: 0, refused: 0 }
    this.#counts.set(keyId, count)
    return count
  }
}
