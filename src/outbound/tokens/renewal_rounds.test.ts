import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DueToken } from '../../core/token_stores.ts'
import { RenewalRounds } from './renewal_rounds.ts'

beforeEach(() => void vi.useFakeTimers())
let rounds: RenewalRounds
afterEach(() => {
  rounds.close()
  vi.useRealTimers()
})

const AT = '2026-11-21T12:00:00.000Z'

/** So many that are due, each of which takes `ms`; what was begun when. */
function world(due: DueToken[], ms: number | ((connector: string) => number) = 100) {
  const begun: { id: string; at: number }[] = []
  const waiting = new Map(due.map((each) => [each.id, each]))
  const seen = { atOnce: 0, most: 0, reads: 0, rows: 0 }
  const store = {
    tokens: {
      async due(_now: string, limit: number, except: readonly string[] = []) {
        seen.reads++
        const rows = [...waiting.values()].filter(({ connector }) => !except.includes(connector)).slice(0, limit)
        seen.rows += rows.length
        return rows
      },
    },
  }
  const renewals = {
    async renewDue(id: string) {
      begun.push({ id, at: Date.now() })
      seen.most = Math.max(seen.most, ++seen.atOnce)
      const connector = waiting.get(id)?.connector ?? ''
      await new Promise((resolve) => setTimeout(resolve, typeof ms === 'number' ? ms : ms(connector)))
      seen.atOnce--
      waiting.delete(id)
    },
  }
  const log = { error: vi.fn(), debug: vi.fn() }
  rounds = new RenewalRounds({ store, renewals, log, now: Date.now })
  return { begun, seen, waiting, log, store, renewals }
}

const many = (count: number, connector = 'fiken'): DueToken[] =>
  Array.from({ length: count }, (_, i) => ({ id: `${connector}-${i}`, connector, due_at: AT }))

describe('10,000 that are due at once', () => {
  it('are begun at 20 a second at most, 4 of one service at once, each of them once', async () => {
    const { begun, seen, waiting } = world(many(10_000))
    const began = Date.now()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(seen.most).toBe(4)
    for (let second = 0; second < 60; second++) {
      const from = began + second * 1000
      expect(begun.filter(({ at }) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(20 + 4)
    }
    expect(begun.length).toBeGreaterThan(60 * 18)
    expect(begun.length).toBeLessThanOrEqual(60 * 20)
    // A few rows at a time, never the herd.
    expect(seen.rows / seen.reads).toBeLessThanOrEqual(16)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(waiting.size).toBe(0)
    expect(new Set(begun.map(({ id }) => id)).size).toBe(begun.length)
  })

  it('of several services go on 8 at once', async () => {
    const { seen } = world([...many(100, 'a'), ...many(100, 'b'), ...many(100, 'c')], 400)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(seen.most).toBe(8)
  })

  it('of a service that hangs do not hold up those of another', async () => {
    const { begun } = world([...many(1_000, 'hangs'), ...many(40, 'quick')], (connector) =>
      connector === 'hangs' ? 45_000 : 50,
    )
    await vi.advanceTimersByTimeAsync(10_000)
    expect(begun.filter(({ id }) => id.startsWith('quick'))).toHaveLength(40)
    expect(begun.filter(({ id }) => id.startsWith('hangs'))).toHaveLength(4)
  })
})

describe('a round', () => {
  it('of nothing is one query a second', async () => {
    const { seen } = world([])
    await vi.advanceTimersByTimeAsync(10_000)
    expect([seen.reads, seen.rows]).toEqual([10, 0])
  })

  it('goes on after a renewal that failed', async () => {
    const { begun, renewals, log } = world(many(3), 10)
    const renew = renewals.renewDue
    renewals.renewDue = (id) => (id === 'fiken-1' ? Promise.reject(new Error('no token')) : renew(id))
    await vi.advanceTimersByTimeAsync(3_000)
    expect(begun.map(({ id }) => id)).toEqual(['fiken-0', 'fiken-2'])
    expect(log.debug).toHaveBeenCalled()
  })

  it('says once that the store cannot be read, and goes on when it can', async () => {
    const { store, log, begun } = world(many(1))
    const due = store.tokens.due
    store.tokens.due = () => Promise.reject(new Error('no store'))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(log.error).toHaveBeenCalledTimes(1)
    store.tokens.due = due
    await vi.advanceTimersByTimeAsync(2_000)
    expect(begun).toHaveLength(1)
  })

  it('begins nothing after the end', async () => {
    const { seen } = world(many(5))
    rounds.close()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(seen.reads).toBe(0)
  })
})
