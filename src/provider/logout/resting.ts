const FIRST_MS = 5_000
const LONGEST_MS = 60_000

/** Applications that do not answer are left alone for a while: each try takes a place for seconds, and others wait for it. */
export class Resting {
  readonly #clients = new Map<string, { readonly until: number; readonly failures: number }>()

  /** Milliseconds of the epoch; `undefined`: it may be tried. */
  until(client: string, now: number): number | undefined {
    const found = this.#clients.get(client)
    return found === undefined || isOver(found.until, now) ? undefined : found.until
  }

  failed(client: string, now: number): void {
    const known = this.#clients.get(client)
    // What was begun together fails together, and counts once.
    if (known !== undefined && !isOver(known.until, now)) return
    const failures = (known?.failures ?? 0) + 1
    const restMs = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS)
    this.#clients.set(client, { until: now + restMs, failures })
  }

  answered(client: string): void {
    this.#clients.delete(client)
  }
}

/** A clock that was set back must not make it last longer than any rest does. */
function isOver(until: number, now: number): boolean {
  return until <= now || until - now > LONGEST_MS
}
