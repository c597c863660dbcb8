/** Something that must be over by a time. `deadline` is on `performance.now()`'s clock and may move while it is watched. */
export interface Watched {
  deadline: number
  expire(): void
}

const EVERY_MS = 200

/** One timer for all exchanges: setting and clearing two timers per call would cost more than the rest of the watching. */
export class Deadlines {
  readonly #watched = new Set<Watched>()
  #timer: NodeJS.Timeout | undefined

  watch(item: Watched): void {
    this.#watched.add(item)
    this.#timer ??= setInterval(() => this.#sweep(), EVERY_MS).unref()
  }

  release(item: Watched): void {
    this.#watched.delete(item)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const now = performance.now()
    for (const item of this.#watched) {
      if (now < item.deadline) continue
      this.#watched.delete(item)
      item.expire()
    }
  }
}
