import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RateLimiter } from './rate_limit.ts'

const LIMIT = { limit: 10, window_s: 60 }

describe('rate limits', () => {
  it('of 100 calls at once exactly 10 pass (T27)', async () => {
    const limiter = new RateLimiter()
    const calls = Array.from({ length: 100 }, async () => limiter.take('k1', LIMIT, 1_000))
    const passed = (await Promise.all(calls)).filter((wait) => wait === 0)
    expect(passed).toHaveLength(10)
  })

  it('every key has a window of its own', () => {
    const limiter = new RateLimiter()
    for (let i = 0; i < 10; i++) limiter.take('k1', LIMIT, 0)
    expect(limiter.take('k1', LIMIT, 0)).toBe(60)
    expect(limiter.take('k2', LIMIT, 0)).toBe(0)
  })

  it('says the seconds until the window ends, at least one, and lets through from then on', () => {
    const limiter = new RateLimiter()
    for (let i = 0; i < 10; i++) expect(limiter.take('k1', LIMIT, 5_000)).toBe(0)
    expect(limiter.take('k1', LIMIT, 5_001)).toBe(60)
    expect(limiter.take('k1', LIMIT, 64_500)).toBe(1)
    expect(limiter.take('k1', LIMIT, 64_999)).toBe(1)
    expect(limiter.take('k1', LIMIT, 65_000)).toBe(0)
  })

  it('a limit of 0 lets nothing through, and a limit that was lowered holds at once', () => {
    const limiter = new RateLimiter()
    expect(limiter.take('k1', { limit: 0, window_s: 1 }, 0)).toBe(1)
    for (let i = 0; i < 5; i++) limiter.take('k2', LIMIT, 0)
    expect(limiter.take('k2', { limit: 5, window_s: 60 }, 1)).toBeGreaterThan(0)
  })

  it('a clock that is set back does not lengthen a ban', () => {
    const limiter = new RateLimiter()
    for (let i = 0; i <= 10; i++) limiter.take('k1', LIMIT, 3_600_000)
    expect(limiter.take('k1', LIMIT, 0)).toBe(0)
  })

  it('forgets the oldest window when there are too many, and no other', () => {
    const limiter = new RateLimiter(2)
    const once = { limit: 1, window_s: 60 }
    for (const key of ['k1', 'k2', 'k3']) expect(limiter.take(key, once, 0)).toBe(0)
    expect(limiter.take('k3', once, 1)).toBe(60)
    expect(limiter.take('k2', once, 1)).toBe(60)
    expect(limiter.take('k1', once, 1)).toBe(0)
  })

  it('no window ever lets through more than its limit', () => {
    const steps = fc.array(fc.nat(3_000), { maxLength: 200 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (gaps, limit) => {
        const limiter = new RateLimiter()
        let now = 0
        const passed: number[] = []
        for (const gap of gaps) {
          now += gap
          if (limiter.take('k', { limit, window_s: 2 }, now) === 0) passed.push(now)
        }
        // Windows begin with a call, so the calls that pass fall into groups of at most `limit` that begin 2 s apart.
        for (let i = 0; i < passed.length; ) {
          const start = passed[i] as number
          const inWindow = passed.filter((at) => at >= start && at < start + 2_000).length
          expect(inWindow).toBeLessThanOrEqual(limit)
          i += inWindow
        }
      }),
    )
  })
})
