import type { Store } from '../../core/stores.ts'
import type { DueToken } from '../../core/token_stores.ts'
import type { Renewals } from './renewals.ts'

const ROUND_MS = 1_000
const AT_ONCE = 8
/** A slow service takes some of the places, not all of them. */
const OF_ONE_CONNECTOR = 4
/** Thousands that end together are spread, over seconds that the last part of their life has to spare. */
const PER_ROUND = 20

interface RoundParts {
  readonly store: { readonly tokens: Pick<Store['tokens'], 'due'> }
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
  readonly #running = new Map<string, { readonly connector: string; readonly work: Promise<void> }>()
  #looking = false
  #failing = false
  #closed = false

  constructor(parts: RoundParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.round(), ROUND_MS).unref()
  }

  /** Ends once as many have begun as may in one second. */
  async round(): Promise<void> {
    if (this.#looking || this.#running.size >= AT_ONCE) return
    this.#looking = true
    try {
      const until = this.#parts.now() + ROUND_MS
      for (let left = PER_ROUND; left > 0 && !this.#closed && this.#parts.now() < until; ) {
        const begun = await this.#begin(left)
        left -= begun
        if (begun > 0) continue
        if (this.#running.size === 0) break
        await this.#place(until - this.#parts.now())
      }
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#parts.log.error({ err: error }, 'tokens that are due cannot be read')
      this.#failing = true
    } finally {
      this.#looking = false
    }
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  /** One that comes to its end, or so many milliseconds. */
  async #place(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, ms))
      timer.unref()
    })
    await Promise.race([late, ...[...this.#running.values()].map(({ work }) => work)])
    clearTimeout(timer)
  }

  /** As many as there are places for. Returns how many. */
  async #begin(atMost: number): Promise<number> {
    const places = Math.min(atMost, AT_ONCE - this.#running.size)
    if (places <= 0) return 0
    const now = new Date(this.#parts.now()).toISOString()
    // Those that have only just begun may not hold their lease yet.
    const found = await this.#parts.store.tokens.due(now, places + this.#running.size, this.#full())
    let begun = 0
    for (const due of found) {
      if (begun >= places) break
      if (this.#running.has(due.id) || this.#of(due.connector) >= OF_ONE_CONNECTOR) continue
      this.#start(due)
      begun++
    }
    return begun
  }

  #full(): string[] {
    const connectors = new Set([...this.#running.values()].map(({ connector }) => connector))
    return [...connectors].filter((connector) => this.#of(connector) >= OF_ONE_CONNECTOR)
  }

  #of(connector: string): number {
    return [...this.#running.values()].filter((each) => each.connector === connector).length
  }

  #start({ id, connector, due_at }: DueToken): void {
    const work = this.#parts.renewals
      .renewDue(id, due_at)
      .catch((error) => {
        // Noted where it failed; whoever needs the token is told.
        this.#parts.log.debug({ connection: id, reason: (error as Error).message }, 'a token could not be renewed')
      })
      .finally(() => this.#running.delete(id))
    this.#running.set(id, { connector, work })
  }
}
