/** Something that must be over by a time. `deadline` is on `performance.now()`'s clock and may move while it is watched. */
export interface Watched {
  deadline: number
  /** Its place in the list; -1 while it is not watched. Belongs to `Deadlines`. */
  place: number
  expire(): void
}

const EVERY_MS = 200

/**
 * One timer for all exchanges: setting and clearing two timers per call would cost more than the rest of the watching. A plain array
 * whose places are reused: a `Set` that is filled and emptied all the time is rehashed all the time, and each old table keeps the next
 * one alive, with every exchange in it, until the next full collection.
 */
export class Deadlines {
  readonly #watched: Watched[] = []
  #timer: NodeJS.Timeout | undefined

  watch(item: Watched): void {
    if (item.place !== -1) return
    item.place = this.#watched.push(item) - 1
    this.#timer ??= setInterval(() => this.#sweep(), EVERY_MS).unref()
  }

  release(item: Watched): void {
    const { place } = item
    if (place === -1) return
    item.place = -1
    const last = this.#watched.pop() as Watched
    if (last === item) return
    this.#watched[place] = last
    last.place = place
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const now = performance.now()
    for (const item of this.#watched.filter(({ deadline }) => now >= deadline)) {
      this.release(item)
      item.expire()
    }
  }
}
