import { describe, expect, it } from 'vitest'
import { Resting } from './resting.ts'

describe('an application that does not answer', () => {
  it('is left alone for 5 s, longer each time, a minute at most', () => {
    const resting = new Resting()
    const rests: number[] = []
    for (let now = 0; rests.length < 6; ) {
      expect(resting.until('app', now)).toBeUndefined()
      resting.failed('app', now)
      const until = resting.until('app', now) as number
      rests.push(until - now)
      now = until
    }
    expect(rests).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })
  it('what fails at the same time counts once', () => {
    const resting = new Resting()
    for (const now of [0, 1, 2]) resting.failed('app', now)
    expect(resting.until('app', 0)).toBe(5_000)
  })
  it('others are told all the while, and it is once it has answered', () => {
    const resting = new Resting()
    resting.failed('app', 0)
    expect(resting.until('other', 0)).toBeUndefined()
    resting.answered('app')
    expect(resting.until('app', 0)).toBeUndefined()
  })

  it('is over where the clock was set back', () => {
    const resting = new Resting()
    resting.failed('shop', 3_600_000)
    expect(resting.until('shop', 3_600_001)).toBe(3_605_000)
    expect(resting.until('shop', 0)).toBeUndefined()
  })
})
