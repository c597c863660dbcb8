/**
 * What is kept for a while, in the memory of this one process; with several processes it is a table of the database. At most `most` things:
 * whoever fills it up from outside throws out the oldest, and cannot fill the memory.
 */
export class Expiring<Kept> {
  readonly #kept = new Map<string, { readonly until: number; readonly thing: Kept }>()
  readonly #ms: number
  readonly #most: number

  constructor(seconds: number, most: number) {
    this.#ms = seconds * 1000
    this.#most = most
  }

  put(name: string, thing: Kept): void {
    // All live equally long, so that the first ones are the oldest.
    for (const [old, { until }] of this.#kept) {
      if (until > Date.now() && this.#kept.size < this.#most) break
      this.#kept.delete(old)
    }
    this.#kept.delete(name)
    this.#kept.set(name, { until: Date.now() + this.#ms, thing })
  }

  get(name: string): Kept | undefined {
    const found = this.#kept.get(name)
    return found !== undefined && found.until > Date.now() ? found.thing : undefined
  }

  /** Only the first who asks gets it. */
  take(name: string): Kept | undefined {
    const thing = this.get(name)
    this.#kept.delete(name)
    return thing
  }

  drop(unwanted: (thing: Kept) => boolean): void {
    for (const [name, { thing }] of this.#kept) if (unwanted(thing)) this.#kept.delete(name)
  }
}
