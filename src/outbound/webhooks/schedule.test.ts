import { describe, expect, it } from 'vitest'
import { MAX_RETRY_AFTER_MS, nextAttemptAt, RETRY_DELAYS_MS, retryAfterMs } from './schedule.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const minutes = (attempts: number, random: number) => {
  const at = nextAttemptAt(attempts, NOW, undefined, () => random)
  return at === null ? null : (at - NOW) / 60_000
}

describe('nextAttemptAt', () => {
  it('5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after a failure, then never', () => {
    const all = Array.from({ length: 10 }, (_, i) => minutes(i + 1, 0))
    expect(all).toEqual([5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440, null])
  })
  it('up to a fifth later, never sooner', () => {
    for (let attempts = 1; attempts <= 9; attempts++) {
      const [least, most] = [minutes(attempts, 0) as number, minutes(attempts, 0.999) as number]
      expect(most).toBeGreaterThan(least * 1.19)
      expect(most).toBeLessThan(least * 1.2)
    }
  })
  it('later where the receiver asks for it, within a day; never sooner, never more often', () => {
    const asked = (attempts: number, ms: number) => nextAttemptAt(attempts, NOW, ms, () => 0)
    expect(asked(1, 60_000)).toBe(NOW + 60_000)
    expect(asked(1, 10 ** 12)).toBe(NOW + MAX_RETRY_AFTER_MS)
    expect(asked(3, 1)).toBe(NOW + (RETRY_DELAYS_MS[2] as number))
    expect(asked(10, 1)).toBeNull()
  })
})

describe('retryAfterMs', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['99999999999', undefined],
    ['2026-01-01', undefined],
    [['1', '2'], undefined],
    [undefined, undefined],
  ])('%j → %s', (value, ms) => {
    expect(retryAfterMs(value, NOW)).toBe(ms)
  })
})
