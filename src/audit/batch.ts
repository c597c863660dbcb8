import type { AuditLine } from '../core/audit.ts'
import type { AuditIndexEntry } from '../core/stores.ts'
import { writeLine } from './line.ts'

const FIRST_BYTES = 64 * 1024
/** A character of JavaScript is at most three bytes of UTF-8. */
const BYTES_PER_UNIT = 3
const NEWLINE = 10

/**
 * Lines on their way to the store, already as bytes: tens of thousands of small objects that live for half a second each would be
 * copied by the garbage collector again and again.
 */
export class Batch {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0
  readonly #keys = new Set<string>()
  readonly #connections = new Set<string>()
  count = 0
  firstAt = ''
  lastAt = ''
  /** Being written: lines that come now belong to the next one. */
  sealed = false

  add(line: AuditLine): void {
    const text = writeLine(line)
    this.#reserve(text.length * BYTES_PER_UNIT + 1)
    if (this.count === 0) this.firstAt = line.at
    else this.#bytes[this.#length++] = NEWLINE
    this.#length += this.#bytes.write(text, this.#length)
    this.count++
    this.lastAt = line.at
    // Without a key the connection is whatever a stranger wrote: it is in the line, but not worth an index entry.
    if (line.key === null) return
    this.#keys.add(line.key)
    if (line.connection !== null) this.#connections.add(line.connection)
  }

  /** Newline-separated JSON. */
  get text(): string {
    return this.#bytes.toString('utf8', 0, this.#length)
  }

  get index(): readonly AuditIndexEntry[] {
    return [
      ...Array.from(this.#keys, (value) => ({ kind: 'key' as const, value })),
      ...Array.from(this.#connections, (value) => ({ kind: 'connection' as const, value })),
    ]
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + bytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
