const STEP_MS = 500
const MOST_MS = 3_000
/** For so long after it was last needed, a slower beat is kept. */
const KEPT_MS = 3_600_000

/**
 * When whatever did not lead in is answered: at a multiple of half a second after it came, or of the time that the slowest check took lately.
 * The hash of an import costs something else than ours, and looking for an address something else than for an id: within the beat nobody
 * tells unknown from wrong, and whoever was told late once makes all others late too (T40).
 */
export class Beat {
  #ms = STEP_MS
  #neededAt = Number.NEGATIVE_INFINITY

  /** A check has taken so long, whatever came of it. */
  note(passedMs: number, now: number): void {
    if (now - this.#neededAt > KEPT_MS) this.#ms = STEP_MS
    const needed = Math.min(MOST_MS, roundedUp(passedMs, STEP_MS))
    if (needed < this.#ms) return
    this.#ms = needed
    this.#neededAt = now
  }

  /** Milliseconds until the next one. */
  wait(passedMs: number): number {
    return roundedUp(passedMs, this.#ms) - passedMs
  }
}

/** A clock that was set back has let no time pass. */
function roundedUp(ms: number, step: number): number {
  return Math.ceil(Math.max(ms, 1) / step) * step
}
