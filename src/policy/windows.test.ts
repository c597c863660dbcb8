import { describe, expect, it } from 'vitest'
import { Windows } from './windows.ts'

const TWO = { limit: 2, lengthMs: 1_000 }

describe('windows', () => {
  it('count up to the limit, then say how long the window is open', () => {
    const windows = new Windows(10)
    expect([0, 1, 2, 400].map((at) => windows.take('a', TWO, at))).toEqual([0, 0, 998, 600])
    expect(windows.take('b', TWO, 400)).toBe(0)
    expect(windows.take('a', TWO, 1_000)).toBe(0)
  })

  it('waiting counts nothing, what is given back may be taken again', () => {
    const windows = new Windows(10)
    for (let i = 0; i < 5; i++) expect(windows.wait('a', TWO, 0)).toBe(0)
    windows.take('a', TWO, 0)
    windows.take('a', TWO, 0)
    windows.giveBack('a')
    expect(windows.used('a')).toBe(1)
    expect(windows.take('a', TWO, 0)).toBe(0)
    expect(windows.take('a', TWO, 0)).toBe(1_000)
  })

  it('nothing is given back that was not taken', () => {
    const windows = new Windows(10)
    windows.take('a', TWO, 0)
    for (let i = 0; i < 9; i++) windows.giveBack('a')
    expect([0, 0, 0].map((at) => windows.take('a', TWO, at))).toEqual([0, 0, 1_000])
  })

  it('a clock that is set back opens a new window', () => {
    const windows = new Windows(10)
    for (let i = 0; i < 3; i++) windows.take('a', TWO, 5_000)
    expect(windows.take('a', TWO, 4_999)).toBe(0)
  })

  it('keep at most twice their capacity', () => {
    const windows = new Windows(100)
    for (let i = 0; i < 10_000; i++) windows.take(`key ${i}`, TWO, 0)
    const kept = Array.from({ length: 10_000 }, (_, i) => windows.used(`key ${i}`)).filter((used) => used > 0)
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThanOrEqual(200)
  })
})
