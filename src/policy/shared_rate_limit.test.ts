import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RateLimit } from '../core/types.ts'
import { SharedRateLimiter } from './shared_rate_limit.ts'

/** The contract of the store's statement: never more than the limit in a window, whoever asks. */
class Counter {
  asked = 0
  atOnce = 0
  most = 0
  fails = false
  readonly #windows = new Map<string, { starts: number; used: number }>()

  async takePlaces(key: string, wanted: number, { limit, window_s }: RateLimit, nowMs: number) {
    this.asked++
    this.most = Math.max(this.most, ++this.atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    this.atOnce--
    if (this.fails) throw new Error('the store does not answer')
    let window = this.#windows.get(key)
    if (window === undefined || nowMs < window.starts || nowMs >= window.starts + window_s * 1000) {
      window = { starts: nowMs, used: 0 }
      this.#windows.set(key, window)
    }
    const given = Math.max(0, Math.min(wanted, limit - window.used))
    window.used += given
    return { given, endsAt: window.starts + window_s * 1000 }
  }
}

const passed = (answers: readonly number[]) => answers.filter((wait) => wait === 0).length
const at = 1_000_000_000_000
const TEN = { limit: 10, window_s: 60 }

describe('a limit that processes share', () => {
  it('of 100 at once with a limit of 10 exactly 10 pass, with one question at a time', async () => {
    const store = new Counter()
    const limiter = new SharedRateLimiter(store)
    const answers = await Promise.all(Array.from({ length: 100 }, async () => limiter.take('k', TEN, at)))
    expect(passed(answers)).toBe(10)
    expect(answers.filter((wait) => wait > 0).every((wait) => wait === 60)).toBe(true)
    expect(store.most).toBe(1)
    expect(store.asked).toBeLessThanOrEqual(3)
  })

  it('two processes: never more than the limit, and at most 2 % fewer for each', async () => {
    const store = new Counter()
    const two = [new SharedRateLimiter(store), new SharedRateLimiter(store)]
    const limit = { limit: 1_000, window_s: 60 }
    let sum = 0
    for (let i = 0; i < 1_500; i++) sum += passed([await two[i % 2]!.take('k', limit, at + i)])
    expect(sum).toBeLessThanOrEqual(1_000)
    expect(sum).toBeGreaterThanOrEqual(960)
    expect(store.asked).toBeLessThan(60)
  })

  it('asks no more once there is nothing left, until the window ends', async () => {
    const store = new Counter()
    const limiter = new SharedRateLimiter(store)
    for (let i = 0; i < 10; i++) await limiter.take('k', TEN, at)
    expect(await limiter.take('k', TEN, at + 1_000)).toBe(59)
    const { asked } = store
    for (let i = 0; i < 50; i++) expect(await limiter.take('k', TEN, at + 30_000)).toBe(30)
    expect(store.asked).toBe(asked)
    expect(await limiter.take('k', TEN, at + 60_000)).toBe(0)
  })

  it('a limit that was changed holds at once', async () => {
    const limiter = new SharedRateLimiter(new Counter())
    const wide = { limit: 1_000, window_s: 60 }
    expect(await limiter.take('k', wide, at)).toBe(0)
    const answers = await Promise.all(Array.from({ length: 50 }, async () => limiter.take('k', TEN, at)))
    // The first question took a portion of 20: more than the ten that hold now.
    expect(passed(answers)).toBe(0)
    expect(await limiter.take('k', wide, at)).toBe(0)
  })

  it('every key has its own places', async () => {
    const limiter = new SharedRateLimiter(new Counter())
    const answers = await Promise.all(Array.from({ length: 60 }, async (_, i) => limiter.take(`k${i % 3}`, TEN, at)))
    expect(passed(answers)).toBe(30)
  })

  it('nobody passes while the store does not answer, and the next one asks again', async () => {
    const store = new Counter()
    const limiter = new SharedRateLimiter(store)
    store.fails = true
    const answers = await Promise.allSettled(Array.from({ length: 20 }, async () => limiter.take('k', TEN, at)))
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    store.fails = false
    expect(await limiter.take('k', TEN, at)).toBe(0)
  })

  it('a clock that is set back keeps no window open for longer', async () => {
    const limiter = new SharedRateLimiter(new Counter())
    for (let i = 0; i < 11; i++) await limiter.take('k', TEN, at)
    expect(await limiter.take('k', TEN, at - 3_600_000)).toBe(0)
  })

  it('whatever the order of requests and processes: never more than the limit in a window', async () => {
    const step = fc.record({ process: fc.nat(2), ms: fc.nat(200), together: fc.integer({ min: 1, max: 30 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 300 }), async (steps, limit) => {
        const store = new Counter()
        const processes = [0, 1, 2].map(() => new SharedRateLimiter(store))
        let now = at
        let sum = 0
        for (const { process, ms, together } of steps) {
          now += ms
          // All within one window of the store: it begins with the first request.
          if (now >= at + 60_000) break
          const asked = Array.from({ length: together }, async () =>
            (processes[process] as SharedRateLimiter).take('k', { limit, window_s: 60 }, now),
          )
          sum += passed(await Promise.all(asked))
        }
        expect(sum).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 50 },
    )
  })
})
