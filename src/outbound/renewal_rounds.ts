import type { Store } from '../core/stores.ts'
import type { Renewals } from './renewals.ts'

const ROUND_MS = 1_000
/** Read at once; what is left over comes in the next round. */
const BATCH = 100
const AT_ONCE = 8
/** Thousands that end together are spread, over seconds that the last part of their life has to spare. */
const PER_ROUND = 20

interface RoundParts {
  readonly store: Pick<Store, 'tokens'>
  readonly renewals: Pick<Renewals, 'renewDue'>
  readonly log: { error(fields: object, message: string): void; debug(fields: object, message: string): void }
  readonly now: () => number
}

/**
 * Renews in the background what is due, in use or not: a refresh token that is never used dies at many services. One timer and one
 * indexed query a second, however many connections there are.
 */
export class RenewalRounds {
  readonly #parts: RoundParts
  readonly #timer: NodeJS.Timeout
  readonly #running = new Set<string>()
  #looking = false
  #failing = false

  constructor(parts: RoundParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.round(), ROUND_MS).unref()
  }

  async round(): Promise<void> {
    if (this.#looking || this.#running.size >= AT_ONCE) return
    this.#looking = true
    try {
      const due = await this.#parts.store.tokens.due(new Date(this.#parts.now()).toISOString(), BATCH)
      this.#failing = false
      const free = due.filter(({ id }) => !this.#running.has(id)).slice(0, PER_ROUND)
      await this.#each(free)
    } catch (error) {
      if (!this.#failing) this.#parts.log.error({ err: error }, 'tokens that are due cannot be read')
      this.#failing = true
    } finally {
      this.#looking = false
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** A slow service takes one of the places, not all of them: the round ends once the rest has been begun. */
  async #each(due: readonly { readonly id: string; readonly due_at: string }[]): Promise<void> {
    const waiting = [...due]
    while (waiting.length > 0 && this.#running.size < AT_ONCE) {
      const next = waiting.shift()
      if (next !== undefined) this.#start(next.id, next.due_at)
      if (this.#running.size >= AT_ONCE && waiting.length > 0) await Promise.race(this.#promises)
    }
  }

  readonly #promises = new Set<Promise<void>>()

  #start(id: string, dueAt: string): void {
    this.#running.add(id)
    const work = this.#parts.renewals
      .renewDue(id, dueAt)
      .catch((error) => {
        // Noted where it failed; whoever needs the token is told.
        this.#parts.log.debug({ connection: id, reason: (error as Error).message }, 'a token could not be renewed')
      })
      .finally(() => {
        this.#running.delete(id)
        this.#promises.delete(work)
      })
    this.#promises.add(work)
  }
}
