import { describe, expect, it } from 'vitest'
import { nextTryAt, TOLD_FOR_MS } from './logout_schedule.ts'

const delays = (random: number) =>
  Array.from({ length: 14 }, (_, i) => nextTryAt(i + 1, { created: 0, now: 0 }, () => random))

describe('when an application is told again', () => {
  it('5 s, twice as long each time, an hour at most', () => {
    expect(delays(0).map((ms) => (ms as number) / 1000)).toEqual([
      ...[5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560],
      ...[3_600, 3_600, 3_600, 3_600],
    ])
  })
  it('up to a fifth later, so that what failed together does not come back together', () => {
    expect(
      delays(1)
        .map((ms) => (ms as number) / 1000)
        .slice(0, 3),
    ).toEqual([6, 12, 24])
  })
  it('for a day, however often it was tried', () => {
    const at = (now: number) => nextTryAt(3, { created: 1_000, now }, () => 0)
    expect(at(TOLD_FOR_MS)).toBe(TOLD_FOR_MS + 20_000)
    expect(at(TOLD_FOR_MS + 1_000)).toBeNull()
    expect(nextTryAt(1_000_000, { created: 0, now: 1 }, () => 0)).toBe(3_600_001)
  })
})
