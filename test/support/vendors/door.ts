import { setTimeout as wait } from 'node:timers/promises'

/**
 * How a token request goes wrong: answered with this status and nothing done; the socket dropped and nothing done;
 * or carried out and the answer lost on its way (what a rotated refresh token does not survive).
 */
export type Failure = number | 'drop' | 'lose'

/** What tests see and work of a token endpoint, whoever the vendor. */
export interface TokenSwitches {
  /** Token requests that arrived, those that were made to fail included. */
  tokenRequests(): number
  /** The most token requests that were ever open at once. */
  peakTokenRequests(): number
  /** How long every token request waits before it is looked at, from now on. */
  slowTokens(ms: number): void
  failTokens(count: number, how: Failure): void
}

/** Every token request goes through it. */
export interface TokenDoor<Entry> {
  readonly switches: TokenSwitches
  /** Inside now. */
  readonly open: ReadonlySet<Entry>
  /** What `work` gives, or why its answer is not sent: a status in its place, or a cut socket. */
  pass<T>(entry: Entry, work: () => Promise<T>): Promise<{ answer: T } | { outage: number } | 'cut'>
}

export function tokenDoor<Entry>(): TokenDoor<Entry> {
  const counts = { arrived: 0, peak: 0 }
  const failures: Failure[] = []
  const open = new Set<Entry>()
  let delayMs = 0
  const switches: TokenSwitches = {
    tokenRequests: () => counts.arrived,
    peakTokenRequests: () => counts.peak,
    slowTokens(ms) {
      delayMs = ms
    },
    failTokens: (count, how) => void failures.push(...Array<Failure>(count).fill(how)),
  }
  const enter = (entry: Entry) => {
    counts.arrived++
    open.add(entry)
    counts.peak = Math.max(counts.peak, open.size)
    return failures.shift()
  }
  return {
    switches,
    open,
    async pass(entry, work) {
      const failure = enter(entry)
      try {
        if (delayMs) await wait(delayMs)
        if (typeof failure === 'number') return { outage: failure }
        if (failure === 'drop') return 'cut'
        const answer = await work()
        return failure === 'lose' ? 'cut' : { answer }
      } finally {
        open.delete(entry)
      }
    },
  }
}
